import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** One line of a Dockerfile, its continuations joined. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** What the image will be: the folder that stands for its root, and how it is run. */
export interface Image {
  /** `/app` of the image, on this machine. */
  readonly app: string;
  readonly uid: number;
  readonly gid: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  /** What it runs unless told otherwise. */
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  /** Where it may write. */
  readonly volume: string;
}

export function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      if (word === '') throw new Error(`not an instruction: ${line}`);
      return { word, rest };
    });
}

/**
 * Carries out a Dockerfile without a container: the last stage's folder ends up in `folder/app`, its files owned by
 * root. What Debian's packages bring is taken from this machine; everything else is done as written.
 */
export function assemble(root: string, folder: string, tools: NodeJS.ProcessEnv): Image {
  const instructions = instructionsOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  const stages = stagesOf(instructions);
  const places = new Map<string, string>();
  for (const { name, steps } of stages) {
    const place = join(folder, name, 'app');
    mkdirSync(place, { recursive: true });
    chmodSync(dirname(place), 0o755);
    places.set(name, place);
    for (const step of steps) carryOut(step, { root, place, places, tools });
  }
  const last = stages.at(-1);
  return describeStage(last?.steps ?? [], places.get(last?.name ?? '') ?? '');
}

interface Stage {
  readonly name: string;
  readonly steps: Instruction[];
}

function stagesOf(instructions: readonly Instruction[]): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of instructions) {
    const name = / AS (\S+)$/.exec(instruction.rest)?.[1];
    if (instruction.word === 'FROM') stages.push({ name: name ?? `stage-${stages.length}`, steps: [] });
    else stages.at(-1)?.steps.push(instruction);
  }
  return stages;
}

interface Place {
  readonly root: string;
  /** The stage's `/app`. */
  readonly place: string;
  readonly places: ReadonlyMap<string, string>;
  readonly tools: NodeJS.ProcessEnv;
}

function carryOut({ word, rest }: Instruction, { root, place, places, tools }: Place): void {
  if (word === 'COPY') copy(rest, root, place, places);
  if (word === 'RUN' && !rest.startsWith('apt-get '))
    execFileSync('sh', ['-c', `umask 022; ${rest}`], { cwd: place, env: tools, stdio: 'pipe' });
}

/** `COPY [--from=stage] source… target`, the target relative to `/app`. */
function copy(rest: string, root: string, place: string, places: ReadonlyMap<string, string>): void {
  const [, from] = /^--from=(\S+) /.exec(rest) ?? [];
  const words = rest.replace(/^--from=\S+ /, '').split(/\s+/);
  const target = join(place, words.pop() ?? '');
  for (const word of words) {
    const source = from === undefined ? join(root, word) : join(places.get(from) ?? '', word.slice(5));
    cpSync(source, rest.endsWith('/') ? join(target, basename(source)) : target, {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}

function describeStage(steps: readonly Instruction[], app: string): Image {
  const restOf = (word: string) => steps.find((step) => step.word === word)?.rest ?? '';
  const [uid, gid] = restOf('USER').split(':').map(Number);
  if (!uid || !gid) throw new Error('USER is not numeric, or root');
  return {
    app,
    uid,
    gid,
    environment: Object.fromEntries(
      steps.filter(({ word }) => word === 'ENV').map(({ rest }) => rest.split('=', 2) as [string, string]),
    ),
    entrypoint: JSON.parse(restOf('ENTRYPOINT')),
    command: JSON.parse(restOf('CMD')),
    healthCheck: JSON.parse(/CMD (\[.*\])$/.exec(restOf('HEALTHCHECK'))?.[1] ?? '[]'),
    volume: restOf('VOLUME').replace('/app', app),
  };
}

/** Puts the running Node where the image's user finds it. */
export function placeNode(folder: string): string {
  const place = join(folder, 'bin');
  mkdirSync(place);
  copyFileSync(process.execPath, join(place, 'node'));
  return place;
}
