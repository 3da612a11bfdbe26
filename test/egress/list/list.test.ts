import { describe, expect, test } from 'vitest';
import {
  ExitListError,
  type ExitSpec,
  parseExitFile,
  parseExitList,
} from '../../../src/egress/list/exit-list.ts';

/** One line that says all of a spec: `http u:p @h:1`. */
function told(spec: ExitSpec): string {
  if (spec.kind === 'direct') return spec.label;
  const credentials = spec.credentials('s3ss10n0');
  const scheme = `${spec.rotating ? 'rotating+' : ''}${spec.scheme}`;
  return `${scheme} ${credentials ? `${credentials.user}:${credentials.pass}` : '-'} @${spec.host}|${spec.port}`;
}

const all = (text: string) => parseExitList(text).map(told);

describe('each form of an entry is read', () => {
  test.each([
    ['http://h', 'http - @h|80'],
    ['https://h', 'https - @h|443'],
    ['http://H.Example:8080/', 'http - @h.example|8080'],
    ['http://u:p@h:1', 'http u:p @h|1'],
    ['HTTPS://u:p@h:1', 'https u:p @h|1'],
    ['rotating+http://u:p@h:1', 'rotating+http u:p @h|1'],
    ['rotating+https://u:p@h:1', 'rotating+https u:p @h|1'],
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
  ])('%s', (entry, expected) => {
    expect(all(entry)).toEqual([expected]);
  });
});

describe('a list is separated by white space, or by a comma before the next entry', () => {
  test.each([
    ['http://a:1 http://b:2\n\thttp://c:3', 3],
    ['http://a:1,http://b:2,direct', 3],
    ['direct,http://b:2', 2],
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
    ['', 0],
    [' \n ', 0],
  ])('%j', (text, count) => {
    expect(all(text)).toHaveLength(count);
  });
});

test('a file has one entry a line, and comments at the start of a line or after white space', () => {
  const text = '\uFEFF# ours\r\nhttp://u:p#w@a:1  # a\r\n\r\n\t# b\r\nb:2:u:p#\r\ndirect\r\n';
  expect(parseExitFile(text).map(told)).toEqual(['http u:p#w @a|1', 'http u:p# @b|2', 'direct']);
});

describe('a bad entry is refused by its place, in words that hold nothing of it', () => {
  test.each([
    'socks5://S3cret:S3cret@S3cret:1',
    'rotating+socks5://S3cret:S3cret@h:1',
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
  ])('%s', (entry) => {
    for (const [parse, text, where] of [
      [parseExitList, `direct,http://ok:1 ${entry}`, /^entry 3: /],
      [parseExitFile, `# x\n\n${entry} # y`, /^line 3: /],
    ] as const) {
      const error = errorOf(() => parse(text));
      expect(error).toBeInstanceOf(ExitListError);
      expect(error.message).toMatch(where);
      expect(error.position).toBe(Number(/\d+/.exec(error.message)?.[0]));
      expect(`${error.stack}${JSON.stringify(error)}${error.message}`).not.toContain('S3cret');
    }
  });
});

function errorOf(run: () => unknown): ExitListError {
  try {
    run();
  } catch (error) {
    return error as ExitListError;
  }
  throw new Error('nothing was thrown');
}

const ids = (text: string, session: string | null = null) =>
  parseExitList(text).map((s) => s.exitId(session));

describe('an exit is known by scheme, host, port, user and session', () => {
  test('not by its place, its password or the form it is written in', () => {
    const [id] = ids('http://u:p@h:80');
    for (const same of ['http://u:other@h:80', 'http://u:p@H', 'h:80:u:p', 'u:p@h:80']) {
      expect(ids(`direct ${same}`)[1]).toBe(id);
      expect(parseExitList(`http://u:p@h:80 ${same}`)).toHaveLength(1);
    }
  });

  test('and by nothing less', () => {
    const texts = ['http://u:p@h:80', 'https://u:p@h:80', 'rotating+http://u:p@h:80', 'http://v:p@h:80'];
    const others = ['http://u:p@h:81', 'http://u:p@i:80', 'direct', 'http://u-{session}:p@h:80'];
    expect(new Set(ids([...texts, ...others].join(' '))).size).toBe(8);
    expect(ids('http://u-{session}:p@h:80', 'a')).not.toEqual(ids('http://u-{session}:p@h:80', 'b'));
  });

  test('templates that differ in the password are two, with two labels', () => {
    const specs = parseExitList('h:1:u:us_{session} h:1:u:de_{session} h:1:u:us_{session}');
    expect(new Set(specs.map((spec) => spec.label)).size).toBe(2);
    expect(specs).toHaveLength(2);
  });
});

test('a template says which sessions it takes', () => {
  const patterns = parseExitList('h:1:a{session}:p h:1:b:{session:digits} h:1:c:p').map(
    (spec) => spec.kind === 'proxy' && spec.sessionPattern,
  );
  expect(patterns).toEqual([{ digits: false }, { digits: true }, null]);
});
