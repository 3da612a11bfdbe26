import { connect, type Socket } from 'node:net';

/** A connection that reads nothing by itself. */
export function open(port: number, from = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** Everything that a server sends to `bytes` until it closes, or is silent for `quietMs`. */
export async function exchange(port: number, bytes: string | Buffer, quietMs = 1_500): Promise<string> {
  const socket = await open(port);
  let text = '';
  socket.setEncoding('latin1');
  const gone = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.setTimeout(quietMs, () => resolve());
  });
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  await gone;
  socket.destroy();
  return text;
}

/** The answers in `text`, one after the other, each with its status and its envelope. */
export function answersIn(text: string): { status: number; body: string }[] {
  const answers = [];
  let rest = text;
  while (rest !== '') {
    const [head = '', ...tail] = rest.split('\r\n\r\n');
    const after = tail.join('\r\n\r\n');
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    answers.push({ status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), body: after.slice(0, length) });
    rest = after.slice(length);
  }
  return answers;
}
