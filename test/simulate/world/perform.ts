import { createKey } from '../../../src/keys/key.ts';
import type { Act, Call, End } from '../history.ts';
import type { CallEvent, Event } from '../plan.ts';
import type { Reply } from './door.ts';
import { type Fleet, newKey, type Slot } from './fleet.ts';

/** Makes one event of a plan happen, now. */
export function perform(fleet: Fleet, event: Event): void {
  if (event.do === 'call') {
    call(fleet, event);
    return;
  }
  const act: Act = { event, beganAtMs: fleet.time.now(), doneAtMs: null, isOver: false };
  fleet.acts.push(act);
  const work = ACTS[event.do] as (fleet: Fleet, event: Event) => void | Promise<void>;
  const done = Promise.resolve(work(fleet, event)).then(
    () => {
      act.doneAtMs = fleet.time.now();
    },
    () => {},
  );
  void done.then(() => {
    act.isOver = true;
  });
}

function call(fleet: Fleet, event: CallEvent): void {
  const { n, gateway, account, wish } = event;
  const keys = fleet.keys.filter((key) => key.account === account);
  const key = event.key === 'newest' ? keys.at(-1) : event.key === 'old' ? keys[0] : undefined;
  const record: Call = {
    n,
    gateway,
    account,
    wish,
    askedAtMs: fleet.time.now(),
    keyNumber: key?.number ?? -1,
    end: null,
  };
  fleet.calls.push(record);
  const slot = fleet.slots[gateway];
  const end = (how: Exclude<End['how'], 'answered'>) => {
    record.end ??= { atMs: fleet.time.now(), how };
  };
  if (!slot?.gateway?.door.isOpen) {
    end('not listening');
    return;
  }
  const question = {
    requestId: `call-${n}`,
    ...askOf(wish, n),
    key: key?.text ?? createKey('live').key,
    readMs: event.readMs,
  };
  const conversation = slot.gateway.door.ask(question, (reply) => {
    if (reply === null) return end('cut');
    fleet.outputs.push(JSON.stringify(reply));
    record.end ??= endOf(reply, fleet.time.now() - event.readMs);
  });
  if (event.patienceMs === null) return;
  fleet.time.after(event.patienceMs, () => {
    if (record.end !== null) return;
    end('hung up');
    conversation.hangUp();
  });
}

function askOf(wish: CallEvent['wish'], n: number): { path: string; query: string } {
  if (wish === 'meta') return { path: '/v1/meta', query: '' };
  if (wish === 'invalid') return { path: '/v1/repo', query: 'repo=no-slash-here' };
  if (wish === 'nowhere') return { path: '/v1/rep', query: '' };
  const workspace = wish === 'repo' || wish === 'branches' ? 'open' : wish;
  return { path: wish === 'branches' ? '/v1/repo/branches' : '/v1/repo', query: `repo=${workspace}%2Fr${n}` };
}

function endOf({ status, headers, body }: NonNullable<Reply>, atMs: number): End {
  const envelope = JSON.parse(body);
  const { data, meta } = envelope;
  const resource = data?.values?.[0] ?? data;
  const numberIn = (name: string) => (headers[name] === undefined ? null : Number(headers[name]));
  return {
    atMs,
    how: 'answered',
    status,
    code: meta.code ?? null,
    timestampMs: Date.parse(meta.timestamp),
    remaining: numberIn('x-quota-remaining'),
    retryAfterS: numberIn('retry-after'),
    data: resource?.serial === undefined ? null : { name: resource.full_name, serial: resource.serial },
    isWellFormed:
      Object.keys(envelope).sort().join() === 'data,message,meta,status,success' &&
      envelope.success === status < 400 &&
      (data === null) === status >= 400,
  };
}

type ActOf<Kind extends Event['do']> = (
  fleet: Fleet,
  event: Extract<Event, { do: Kind }>,
) => void | Promise<void>;

const wait = (fleet: Fleet, ms: number) => new Promise<void>((resolve) => void fleet.time.after(ms, resolve));
const slotOf = (fleet: Fleet, gateway: number) => fleet.slots[gateway] as Slot;
const idOf = (fleet: Fleet, account: number) => fleet.accountIds()[account] ?? '';

const ACTS: { readonly [Kind in Exclude<Event['do'], 'call'>]: ActOf<Kind> } = {
  weather: async (fleet, { weather, forMs }) => {
    fleet.upstream.weathers.add(weather);
    await wait(fleet, forMs);
    fleet.upstream.weathers.delete(weather);
  },
  exit: async (fleet, { exit, state, forMs }) => {
    fleet.proxies.become(exit, state);
    await wait(fleet, forMs);
    fleet.proxies.become(exit, 'well');
  },
  reload: (fleet, { gateway, exits }) => {
    const slot = slotOf(fleet, gateway);
    slot.exits = exits.flatMap((place) => fleet.setup.exits[place] ?? []);
    slot.gateway?.upstream.replaceExits(
      slot.exits.map((terms) => fleet.proxies.sourceOf(terms, slot.machine)),
    );
  },
  stall: (fleet, { gateway, ms }) => slotOf(fleet, gateway).machine.stall(ms),
  jump: (fleet, { gateway, ms }) => {
    fleet.offsets.push({ atMs: fleet.time.now(), of: gateway, ms });
    if (gateway === 'store') return fleet.redis?.jump(ms);
    const slot = slotOf(fleet, gateway);
    slot.aheadMs += ms;
    slot.machine.jump(ms);
  },
  hang: async (fleet, { ms }) => {
    fleet.redis?.redis.hang();
    await wait(fleet, ms);
    if (isLast(fleet, 'hang')) fleet.redis?.redis.resume();
  },
  mute: async (fleet, { ms }) => {
    fleet.redis?.mute();
    await wait(fleet, ms);
    if (isLast(fleet, 'mute')) fleet.redis?.speak();
  },
  failover: async (fleet, { lostMs, awayMs }) => {
    const snapshot = fleet.redis?.snapshot();
    if (snapshot === undefined) return;
    await wait(fleet, lostMs);
    fleet.redis?.failOver(snapshot);
    await wait(fleet, awayMs);
    fleet.redis?.redis.start();
  },
  demote: async (fleet, { ms }) => {
    fleet.redis?.redis.demote(true);
    await wait(fleet, ms);
    if (isLast(fleet, 'demote')) fleet.redis?.redis.demote(false);
  },
  full: async (fleet, { ms, how }) => {
    const backend = slotOf(fleet, 0).gateway?.stores.backend;
    if (backend?.kind !== 'sqlite') return;
    const pages = Number(backend.db.prepare('PRAGMA page_count').get()?.page_count);
    backend.db.exec(how === 'read-only' ? 'PRAGMA query_only = ON' : `PRAGMA max_page_count = ${pages}`);
    await wait(fleet, ms);
    if (backend.db.isOpen) backend.db.exec('PRAGMA query_only = OFF; PRAGMA max_page_count = 1073741823');
  },
  stop: async (fleet, { gateway, backMs }) => {
    const slot = slotOf(fleet, gateway);
    if (slot.gateway === null || slot.isStopping) return;
    slot.isStopping = true;
    await slot.gateway.stop();
    // It was killed meanwhile.
    if (slot.machine.isDead) return;
    await leave(fleet, slot, 'stopped', backMs);
  },
  kill: async (fleet, { gateway, backMs }) => {
    const slot = slotOf(fleet, gateway);
    if (slot.gateway === null) return;
    slot.gateway.kill();
    slot.isStopping = true;
    await leave(fleet, slot, 'killed', backMs);
  },
  rotate: async (fleet, { account, overlapMs }) => {
    const before = fleet.keys.filter((key) => key.account === account).at(-1);
    if (before === undefined) return;
    const key = createKey('live');
    const nowMs = fleet.operatorNow();
    const overlapEndsAtMs = fleet.time.now() + overlapMs;
    before.mayEndAtMs = Math.min(before.mayEndAtMs, overlapEndsAtMs);
    await fleet.operator.registry.rotate(keyIdOf(before.text), key, overlapMs, nowMs);
    before.endsAtMs = Math.min(before.endsAtMs, Math.max(fleet.time.now(), overlapEndsAtMs));
    before.isEndedAtOnce ||= overlapMs === 0;
    fleet.keys.push(newKey(account, before.number + 1, key.key));
  },
  revoke: async (fleet, { account }) => {
    const before = fleet.keys.filter((key) => key.account === account).at(-1);
    if (before === undefined) return;
    const key = createKey('live');
    await fleet.operator.registry.addKey(idOf(fleet, account), key, fleet.operatorNow());
    fleet.keys.push(newKey(account, before.number + 1, key.key));
    before.mayEndAtMs = Math.min(before.mayEndAtMs, fleet.time.now());
    await fleet.operator.registry.revoke(keyIdOf(before.text), fleet.operatorNow());
    before.endsAtMs = Math.min(before.endsAtMs, fleet.time.now());
    before.isEndedAtOnce = true;
  },
  suspend: async (fleet, { account, forMs }) => {
    const set = (suspended: boolean) =>
      fleet.operator.registry.change(idOf(fleet, account), { suspended }, fleet.operatorNow());
    await insist(fleet, () => set(true));
    await wait(fleet, forMs);
    await insist(fleet, () => set(false));
  },
};

/** An operator whose command failed gives it again a little later. */
async function insist(fleet: Fleet, command: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      await command();
      return;
    } catch {
      await wait(fleet, 300);
    }
  }
  throw new Error('the command failed all the time');
}

/** Whether no other trouble of its kind goes on. */
const isLast = (fleet: Fleet, kind: Event['do']) =>
  fleet.acts.filter(({ event, isOver }) => event.do === kind && !isOver).length === 1;

const keyIdOf = (text: string) => /^oanor_live_(.{8})/.exec(text)?.[1] ?? '';

/** The process has ended; another one starts in its place. */
async function leave(fleet: Fleet, slot: Slot, end: 'stopped' | 'killed', backMs: number): Promise<void> {
  slot.machine.kill();
  slot.gateway = null;
  if (slot.life !== null) Object.assign(slot.life, { endedAtMs: fleet.time.now(), end });
  await wait(fleet, backMs);
  await fleet.start(slot);
}
