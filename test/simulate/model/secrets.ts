import type { History, Violation } from '../history.ts';

/** No key in any output or request, nothing of ours in an answer. */
export function checkSecrets({ keys, outputs, seen }: History): Violation[] {
  const violations: Violation[] = [];
  const fail = (words: string) => violations.push({ promise: 'no secret in any output', words });
  const all = outputs.join('\n');
  const sent = seen.map(({ text }) => text).join('\n');
  for (const { account, number, text } of keys) {
    const secret = text.slice(-36);
    if (all.includes(secret)) fail(`key ${number} of account ${account} was written`);
    if (sent.includes(secret)) fail(`key ${number} of account ${account} was sent upstream`);
  }
  const replies = outputs.filter((line) => line.startsWith('{"status"'));
  for (const line of replies)
    if (/exit-\d|\bat \S+ \(|node:|\.ts\b/.test(line))
      fail(`an answer tells too much: ${line.slice(0, 200)}`);
  return violations;
}
