import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Frame } from '../../../src/admin/dashboard/frame.ts';

/** Someone who looks at the dashboard of a door. */
export interface Heard {
  /** As they come. */
  readonly frames: Frame[];
  readonly answered: Promise<IncomingMessage>;
  /** Hangs up. */
  end(): void;
}

export function hear(door: string, headers: Readonly<Record<string, string>>): Heard {
  const frames: Frame[] = [];
  const asked = request(`${door}/dashboard/frames`, { headers });
  asked.end();
  const answered = once(asked, 'response').then(([response]) => {
    const answer = response as IncomingMessage;
    let text = '';
    answer.on('error', () => {});
    answer.on('data', (chunk) => {
      text += chunk;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      frames.push(...parts.map((part) => JSON.parse(part.replace(/^data: /, '')) as Frame));
    });
    return answer;
  });
  return { frames, answered, end: () => asked.destroy() };
}
