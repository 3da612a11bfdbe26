import { expect, it } from 'vitest';
import { parseWorkspace, workspaceName } from '../../src/input/workspace.ts';

const UUID = '{02b941e3-cfaa-40f9-9a58-cec53e20bdc3}';

it.each([
  ['atlassian', 'atlassian'],
  [' Atlassian/ ', 'atlassian'],
  ['//a_b-1//', 'a_b-1'],
  ['https://bitbucket.org/atlassian/workspace/repositories', 'atlassian'],
  ['http://www.bitbucket.org/atlassian?x=1', 'atlassian'],
  ['HTTPS://BITBUCKET.ORG/Atlassian#top', 'atlassian'],
  ['bitbucket.org/atlassian', 'atlassian'],
  [UUID, UUID],
  [encodeURIComponent(UUID), UUID],
  [`https://bitbucket.org/${encodeURIComponent(UUID)}/`, UUID],
])('%s is %s', (text, workspace) => {
  expect(parseWorkspace(text)).toEqual({ value: workspace });
});

it.each([
  ['', 'is empty'],
  ['\u00a0', 'is empty'],
  ['a\u0000b', 'contains a control character'],
  ['atlassian\n', 'contains a control character'],
  ['a/b', 'can only have'],
  ['a.b', 'can only have'],
  ['..', 'can only have'],
  ['https://gitlab.com/a', 'can only have'],
  ['xhttps://bitbucket.org/a', 'can only have'],
  ['httpx://bitbucket.org/a', 'can only have'],
  ['https://bitbucket.org/', 'can only have'],
  ['w'.repeat(129), 'can only have'],
])('%j %s', (text, what) => {
  expect(parseWorkspace(text)).toEqual({
    fault: expect.stringMatching(new RegExp(`^\`workspace\` ${what}`)),
  });
});

it('says how to give one', () => {
  expect(parseWorkspace('')).toHaveProperty('fault', expect.stringContaining('Give its ID'));
  expect(parseWorkspace('a b')).toHaveProperty('fault', expect.stringContaining('Give its ID'));
});

it('is read by the schema', () => {
  expect(workspaceName.parse('Atlassian')).toBe('atlassian');
  expect(workspaceName.safeParse('a b').error?.issues).toMatchObject([{ code: 'custom' }]);
});
