import { createHmac } from 'node:crypto';

/** The value of `x-oanor-signature`: the moment of sending in whole seconds, and what proves both it and the body. */
export function webhookSignatureOf(secret: string, body: string, nowMs: number): string {
  const t = Math.floor(nowMs / 1_000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
