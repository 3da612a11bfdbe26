import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/domain/clock.ts';
import { parseEntry } from '../../../src/egress/list/entry.ts';
import { ExitListError } from '../../../src/egress/list/exit-list-error.ts';
import { placeFileEntries } from '../../../src/egress/list/placed-entry.ts';
import { readSources } from '../../../src/egress/list/read.ts';
import { splitEntries } from '../../../src/egress/list/split.ts';
import { createSourceTools } from '../../../src/egress/sources/tools.ts';
import { exitsOf } from '../../exits.ts';

const tools = createSourceTools(systemClock);
const folder = mkdtempSync(join(tmpdir(), 'exit-list-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file that holds `text`. */
function fileOf(text: string): string {
  const file = join(folder, `${Math.random()}`);
  writeFileSync(file, text);
  return file;
}

/** One line that says all of an entry: `http u:p @h|1`. */
function told(text: string): string {
  const parsed = parseEntry(text);
  if ('fault' in parsed) return parsed.fault;
  const { entry } = parsed;
  if (entry === 'direct') return entry;
  const { rotating, scheme, hasCredentials, user, pass, host, port, terms } = entry;
  const { pricePerGb, gbPerMonth } = terms;
  const price = pricePerGb === null ? '' : `$${pricePerGb} `;
  const gb = gbPerMonth === null ? '' : `${gbPerMonth}GB `;
  const credentials = hasCredentials ? `${user.fill('s3ss10n0')}:${pass.fill('s3ss10n0')}` : '-';
  return `${price}${gb}${rotating ? 'rotating+' : ''}${scheme} ${credentials} @${host}|${port}`;
}

describe('each form of an entry is read', () => {
  test.each([
    ['http://h', 'http - @h|80'],
    ['https://h', 'https - @h|443'],
    ['http://H.Example:8080/', 'http - @h.example|8080'],
    ['http://u:p@h:1', 'http u:p @h|1'],
    ['HTTPS://u:p@h:1', 'https u:p @h|1'],
    ['rotating+http://u:p@h:1', 'rotating+http u:p @h|1'],
    ['rotating+https://u:p@h:1', 'rotating+https u:p @h|1'],
    ['socks5://h', 'socks5 - @h|1080'],
    ['socks5://u:p@h:1', 'socks5 u:p @h|1'],
    ['SOCKS5H://u-{session}:p@[::1]:9050', 'socks5h u-s3ss10n0:p @::1|9050'],
    ['rotating+socks5h://u:p@h:1', 'rotating+socks5h u:p @h|1'],
    [`socks5://${'u'.repeat(255)}:p@h:1`, `socks5 ${'u'.repeat(255)}:p @h|1`],
    [`http://${'u'.repeat(300)}:p@h:1`, `http ${'u'.repeat(300)}:p @h|1`],
    ['direct', 'direct'],
    ['h:1:u:p', 'http u:p @h|1'],
    ['h:1:u:p:with:colons', 'http u:p:with:colons @h|1'],
    ['h:1:u@mail.example:p', 'http u@mail.example:p @h|1'],
    ['gw.example:1:u:p@s:9', 'http u:p@s:9 @gw.example|1'],
    ['u:p@h:1', 'http u:p @h|1'],
    ['u:p@ss:w@h:1', 'http u:p@ss:w @h|1'],
    ['user:12:x@gw.example:80', 'http user:12:x @gw.example|80'],
    ['http://u@h:1', 'http u: @h|1'],
    ['http://:p@h:1', 'http :p @h|1'],
    ['http://u:@h:1', 'http u: @h|1'],
    ['http://[2001:DB8:0::1]:3128', 'http - @2001:db8::1|3128'],
    ['[2001:db8::1]:3128:u:p', 'http u:p @2001:db8::1|3128'],
    ['u:p@[::1]:3128', 'http u:p @::1|3128'],
    ['http://u:p%40%3A%2F@h:1', 'http u:p@:/ @h|1'],
    ['http://u%2Bx:100%@h:1', 'http u+x:100% @h|1'],
    ['http://u:%zz%FF%E2%82%AC@h:1', 'http u:%zz%FF%E2%82%AC @h|1'],
    ['http://u:%E2%82%AC@h:1', 'http u:€ @h|1'],
    ['http://u:p/w?x#y@h:1', 'http u:p/w?x#y @h|1'],
    ['http://u:p,w@h:1', 'http u:p,w @h|1'],
    ['h:1:u:p,w', 'http u:p,w @h|1'],
    ['http://u-{session}:p@h:1', 'http u-s3ss10n0:p @h|1'],
    ['h:1:u:p_session-{session:digits}_x', 'http u:p_session-s3ss10n0_x @h|1'],
    ['http://u-{session:digits}:p:q@h:1', 'http u-s3ss10n0:p:q @h|1'],
    ['h:1:u-{session:digits}:p', 'http u-s3ss10n0:p @h|1'],
    ['u-{session:digits}:p@h:1', 'http u-s3ss10n0:p @h|1'],
    ['http://u:%7Bsession%7D@h:1', 'http u:{session} @h|1'],
    ['http://u:{other}@h:1', 'http u:{other} @h|1'],
    ['http://proxy_1.internal:1', 'http - @proxy_1.internal|1'],
    ['price=4.5+http://u:p@h:1', '$4.5 http u:p @h|1'],
    ['gb=50+http://h', '50GB http - @h|80'],
    ['GB=0.25+Price=0+rotating+http://u:p@h:1', '$0 0.25GB rotating+http u:p @h|1'],
    ['price=3+gb=1+socks5h://u-{session}:p@h:1', '$3 1GB socks5h u-s3ss10n0:p @h|1'],
    ['price=4+h:1:u:p', '$4 http u:p @h|1'],
    ['gb=4+u:p@h:1', '4GB http u:p @h|1'],
    ['a=b+c:p@h:1', 'http a=b+c:p @h|1'],
    ['price=x+c:p@h:1', 'http price=x+c:p @h|1'],
    ['gb=0+c:p@h:1', 'http gb=0+c:p @h|1'],
  ])('%s', (entry, expected) => {
    expect(told(entry)).toBe(expected);
  });
});

describe('a list is separated by white space, or by a comma before the next entry', () => {
  test.each([
    ['http://a:1 http://b:2\n\thttp://c:3', 3],
    ['http://a:1,http://b:2,direct', 3],
    ['direct,http://b:2', 2],
    ['http://a:1,socks5://u:p,w@b:2,socks5h://c:3', 3],
    ['http://a:1, http://b:2,', 2],
    ['http://u:p,w@a:1,http://u:p,,w@b:2', 2],
    ['a:1:u:p,b:2:u:p,c:3:u:p', 3],
    ['a:1:u:p,q,b:2:u:p', 2],
    ['u:p@a:1,u:p@b:2', 2],
    ['http://u:p,w@a:1,u:p@b:2', 2],
    ['a:1:u-{session:digits}:p,b:2:u-{session:digits}:p,u-{session:digits}:p@c:3', 3],
    ['http://u:p,w:x@h:1', 1],
    ['http://u:p,direct,w@h:1', 1],
    ['rotating+http://u:p@a:1,rotating+https://u:p@b:2', 2],
    ['price=4+http://u:p@a:1,gb=5+price=2+https://u:p@b:2,gb=1+socks5://c', 3],
    ['http://u:p@a:1,price=4+b:2:u:p,direct', 3],
    ['http://u:p,gb=4+x@h:1', 1],
    ['', 0],
    [' \n ', 0],
  ])('%j', (text, count) => {
    expect(splitEntries(text)).toHaveLength(count);
  });
});

test('a file has one entry a line, and comments at the start of a line or after white space', () => {
  const text = '\uFEFF# ours\r\nhttp://u:p#w@a:1  # a\r\n\r\n\t# b\r\nb:2:u:p#\r\ndirect\r\n';
  const entries = placeFileEntries(text).map((entry) => told(entry.text));
  expect(entries).toEqual(['http u:p#w @a|1', 'http u:p# @b|2', 'direct']);
});

describe('a bad entry is refused by its place, in words that hold nothing of it', () => {
  test.each([
    'socks4://S3cret:S3cret@h:1',
    'socks://S3cret:S3cret@h:1',
    'rotating+socks4a://S3cret:S3cret@h:1',
    `socks5://S3cret:${'€'.repeat(86)}@h:1`,
    `socks5://S3cret${'x'.repeat(240)}{session}{session}:p@h:1`,
    'ftp://S3cret@h:1',
    'rotating+ftp://S3cret@h:1',
    'http://',
    'http://S3cret:S3cret@',
    'http://S3cret:S3cret@:1',
    'http://S3cret:S3cret@h:0',
    'http://S3cret:S3cret@h:65536',
    'http://S3cret:S3cret@h:x',
    'http://S3cret:S3cret@h:1/S3cret',
    'http://S3cret:S3cret@[::zz]:1',
    'http://S3cret:S3cret@[fe80::1%25eth0]:1',
    'http://S3cret:S3cret@h..x:1',
    'http://S3cret:S3cret@-h:1',
    'http://S3cret:S3cret@h{session}:1',
    'http://S3cret-{session:hex}:S3cret@h:1',
    'S3cret',
    'S3cret:S3cret@h',
    'S3cret:S3cret:h:1',
    'h:1:S3cret',
    'price=S3cret+http://u:S3cret@h:1',
    'prize=4+http://u:S3cret@h:1',
    'gb=0+rotating+http://u:S3cret@h:1',
    'gb=1+gb=2+socks5://u:S3cret@h:1',
    'price=4+direct',
  ])('%s', async (entry) => {
    for (const [list, where] of [
      [{ urls: `direct,http://ok:1 ${entry}` }, /^PROXY_URLS entry 3: /],
      [{ file: fileOf(`# x\n\n${entry} # y`) }, /^PROXY_FILE line 3: /],
    ] as const) {
      const error = await readSources(list, tools).then(
        () => expect.fail('nothing was thrown'),
        (thrown: ExitListError) => thrown,
      );
      expect(error).toBeInstanceOf(ExitListError);
      expect(error.message).toMatch(where);
      expect(error.position).toBe(Number(/\d+/.exec(error.message)?.[0]));
      expect(`${error.stack}${JSON.stringify(error)}${error.message}`).not.toContain('S3cret');
    }
  });
});

describe('only the word direct means our own address', () => {
  const labels = async (list: { urls?: string; file?: string }) =>
    (await readSources(list, tools)).map(({ label }) => label);

  test('and a start without any list, which the operator is warned of', async () => {
    expect(await labels({})).toEqual(['direct']);
    expect(await labels({ urls: 'direct' })).toEqual(['direct']);
    expect(await labels({ file: fileOf('direct # for now\n') })).toEqual(['direct']);
  });

  test.each(['', '\n', '# http://a:1\n', ' , \n'])('a PROXY_FILE of %j is refused by name', async (text) => {
    const holdsNone = { message: expect.stringMatching(/^PROXY_FILE: holds no exit/), position: null };
    await expect(readSources({ file: fileOf(text) }, tools)).rejects.toMatchObject(holdsNone);
    await expect(readSources({ urls: 'http://a:1', file: fileOf(text) }, tools)).rejects.toMatchObject(
      holdsNone,
    );
  });

  test('PROXY_URLS that are only commas are refused by name', async () => {
    await expect(readSources({ urls: ' , ,' }, tools)).rejects.toThrow(/^PROXY_URLS: holds no exit/);
  });

  test('a file that cannot be read is refused by name, without its path', async () => {
    const error = await readSources({ file: join(folder, 'gone') }, tools).catch((thrown: Error) => thrown);
    expect(String(error)).toMatch(/PROXY_FILE: cannot be read \(ENOENT\)/);
    expect(String(error)).not.toContain(folder);
  });
});

const ids = (text: string) => exitsOf(text).map(({ id }) => id);

describe('an exit is known by scheme, host, port, user and session', () => {
  test('not by its place, its password or the form it is written in', () => {
    const [id] = ids('http://u:p@h:80');
    for (const same of [
      'price=4+gb=9+http://u:p@h',
      'http://u:other@h:80',
      'http://u:p@H',
      'h:80:u:p',
      'u:p@h:80',
    ]) {
      expect(ids(`direct ${same}`)[1]).toBe(id);
      expect(exitsOf(`http://u:p@h:80 ${same}`)).toHaveLength(1);
    }
    expect(exitsOf('http://u:p@h:80')[0]?.mint().id).toBe(id);
  });

  test('and by nothing less', () => {
    const texts = ['http://u:p@h:80', 'https://u:p@h:80', 'rotating+http://u:p@h:80', 'http://v:p@h:80'];
    const others = ['http://u:p@h:81', 'http://u:p@i:80', 'direct', 'http://u-{session}:p@h:80'];
    const socks = ['socks5://u:p@h:80', 'socks5h://u:p@h:80'];
    expect(new Set(ids([...texts, ...others, ...socks].join(' '))).size).toBe(10);
    const [source] = exitsOf('http://u-{session}:p@h:80');
    expect(source?.mint('a').id).not.toBe(source?.mint('b').id);
    expect(source?.mint('a').id).toBe(source?.mint('a').id);
  });

  test('templates that differ in the password are two, with two labels and two ids', () => {
    const sources = exitsOf('h:1:u:us_{session} h:1:u:de_{session} h:1:u:us_{session}');
    expect(new Set(sources.map(({ label }) => label)).size).toBe(2);
    expect(new Set(sources.map(({ id }) => id)).size).toBe(2);
    expect(sources).toHaveLength(2);
  });

  test('a new password shows as another credential under the same id; other ports of one host share it', () => {
    const [before, after] = [exitsOf('http://u:p@h:80')[0], exitsOf('http://u:q@h:80')[0]];
    expect(after?.id).toBe(before?.id);
    expect(after?.credential).not.toBe(before?.credential);
    expect(exitsOf('http://u:p@h:81')[0]?.credential).toBe(before?.credential);
    expect(exitsOf('http://u:p@i:80')[0]?.credential).not.toBe(before?.credential);
    expect(exitsOf('http://h:80')[0]?.credential).toBeNull();
  });
});

test('a template says which sessions it takes, and takes one again', () => {
  const [letters, digits] = exitsOf('h:1:a{session}:p h:1:b:{session:digits}');
  expect(letters?.mint().session).toMatch(/^[a-z0-9]{8}$/);
  expect(digits?.mint().session).toMatch(/^[0-9]{8}$/);
  expect(letters?.mint('again123')).toMatchObject({ session: 'again123', kept: false });
});

test('what a source makes: one that lasts, many that do not, or one tunnel each', () => {
  const kinds = exitsOf('http://h:1 http://u-{session}:p@h:1 rotating+http://h:1 direct').map((source) => {
    const { kept, oneTunnel } = source.mint();
    return [source.many, source.ejectable, kept, oneTunnel];
  });
  expect(kinds).toEqual([
    [false, true, true, false],
    [true, true, false, false],
    [true, true, false, true],
    [false, false, true, false],
  ]);
});

test('exits of a source have labels and ids of their own, fit for a path', () => {
  for (const source of exitsOf(
    'http://u-{session}:p@h:1 rotating+http://h:1 h:1:u:a_{session} h:1:u:b_{session}',
  )) {
    const minted = [source.mint(), source.mint()];
    expect(new Set(minted.map(({ id }) => id)).size).toBe(2);
    expect(minted.map(({ label }) => label)).toEqual([`${source.label}#1`, `${source.label}#2`]);
    for (const { id } of minted) expect(id).toMatch(/^[\w.~-]+$/);
  }
});

test('no inspection of a source or an exit shows its user or password', () => {
  const sources = exitsOf(
    'http://canary-user:canary-pass@h:1 socks5://canary-user-{session}:canary-pass@h:1',
  );
  const exits = sources.map((source) => source.mint());
  const shown = inspect([sources, exits], { depth: 9, showHidden: true }) + JSON.stringify([sources, exits]);
  expect(shown).not.toContain('canary');
});
