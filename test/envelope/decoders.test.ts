import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, constants as zlib } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinGzip } from '../../src/envelope/gzip-join.ts';

const run = promisify(execFile);

const head = Buffer.from('{"data":');
const tail = Buffer.from(',"meta":{"request_id":"0"},"success":true}');
const list = JSON.stringify(
  Array.from({ length: 3_000 }, (_, i) => ({ i, name: `naïve ${i * 7919}`, ok: true })),
);

/** One block, many blocks, stored ones, and a stream that ends at each kind of bit. */
const bodies = [
  ['{}', gzipSync('{}')],
  [list, gzipSync(list)],
  [list, gzipSync(list, { level: 0 })],
  [list, gzipSync(list, { memLevel: 1, level: 1 })],
  [list, gzipSync(list, { strategy: zlib.Z_FIXED })],
  ...Array.from({ length: 8 }, (_, i): [string, Buffer] => {
    const text = `"${'é'.repeat(i)}"`;
    return [text, gzipSync(text)];
  }),
] as const;
const expected = bodies.map(([text]) => `${head}${text}${tail}`);

let server: Server;
let base = '';
const folder = mkdtempSync(join(tmpdir(), 'decoders-'));

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, gzip] = bodies[Number(request.url?.slice(1))] ?? ['', gzipSync('')];
    const pieces = joinGzip(head, gzip, tail) ?? [];
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-encoding': 'gzip',
      'content-length': length,
    });
    for (const piece of pieces) response.write(piece);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Programs that get each address they are given, decode it as their language does, and print what came. */
const PROGRAMS = {
  'decode.py': `
import gzip, sys, urllib.request, zlib
for url in sys.argv[1:]:
    body = urllib.request.urlopen(url).read()
    strict = zlib.decompressobj(31)
    text = strict.decompress(body)
    assert strict.eof and not strict.unused_data and text == gzip.decompress(body)
    print(text.decode())
`,
  'Decode.java': `
import java.net.URI; import java.net.http.*; import java.util.zip.GZIPInputStream;
public class Decode {
  public static void main(String[] urls) throws Exception {
    var client = HttpClient.newHttpClient();
    for (var url : urls) {
      var request = HttpRequest.newBuilder(URI.create(url)).build();
      var body = client.send(request, HttpResponse.BodyHandlers.ofInputStream()).body();
      System.out.write(new GZIPInputStream(body).readAllBytes());
      System.out.println();
    }
    System.out.flush();
  }
}
`,
  'decode.go': `
package main
import ("fmt"; "io"; "net/http"; "os")
func main() {
  for _, url := range os.Args[1:] {
    response, err := http.Get(url)
    if err != nil { panic(err) }
    body, err := io.ReadAll(response.Body)
    if err != nil { panic(err) }
    fmt.Println(string(body))
  }
}
`,
};

function isInstalled(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const urls = () => bodies.map((_, i) => `${base}/${i}`);
const options = { maxBuffer: 64 * 1024 * 1024, timeout: 100_000 };
const lines = async (program: string, ...args: string[]) => {
  const { stdout } = await run(program, [...args, ...urls()], options);
  return stdout.trimEnd().split('\n');
};
const each = (get: (url: string) => Promise<string>) => async () => {
  const texts: string[] = [];
  for (const url of urls()) texts.push(await get(url));
  return texts;
};

/** What each client makes of every body; its programs have to be installed. */
const CLIENTS: readonly [name: string, program: string | null, decode: () => Promise<string[]>][] = [
  ['fetch of Node', null, each(async (url) => (await fetch(url)).text())],
  [
    'zlib in Node, behind undici',
    null,
    each(async (url) => {
      const { body } = await request(url);
      const response = new Response((await body.arrayBuffer()) as ArrayBuffer);
      return new Response(response.body?.pipeThrough(new DecompressionStream('gzip'))).text();
    }),
  ],
  [
    'curl --compressed',
    'curl',
    each(async (url) => (await run('curl', ['--fail', '--silent', '--compressed', url], options)).stdout),
  ],
  [
    'wget --compression=auto',
    'wget',
    each(async (url) => (await run('wget', ['-q', '-O', '-', '--compression=auto', url], options)).stdout),
  ],
  ['Python', 'python3', () => lines('python3', join(folder, 'decode.py'))],
  ['Java', 'javac', () => lines('java', join(folder, 'Decode.java'))],
  ['Go', 'go', () => lines('go', 'run', join(folder, 'decode.go'))],
  [
    'Chromium',
    'chromium',
    async () => {
      const texts: string[] = [];
      for (const url of urls().slice(0, 3)) {
        const flags = [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          `--user-data-dir=${join(folder, 'chromium')}`,
        ];
        const { stdout } = await run('chromium', [...flags, '--dump-dom', url], options);
        texts.push(/<pre[^>]*>(.*?)<\/pre>/s.exec(stdout)?.[1] ?? '');
      }
      return texts;
    },
  ],
];

describe('one member, decoded by', () => {
  for (const [name, program, decode] of CLIENTS) {
    const isAbsent = program !== null && !isInstalled(program);
    it.skipIf(isAbsent)(isAbsent ? `${name} (not installed)` : name, { timeout: 120_000 }, async () => {
      const texts = await decode();
      expect(texts.length).toBeGreaterThan(2);
      // Not toEqual: a difference in 100 kB of text would take minutes to print.
      for (const [i, text] of texts.entries())
        expect(text === expected[i], `body ${i}: ${text.slice(0, 80)}`).toBe(true);
    });
  }
});
