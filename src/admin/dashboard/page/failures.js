/** @import { Known } from './stream.js' */
/** @import { FailedCall } from '../failures.ts' */
/** @import { Story } from '../../../domain/story.ts' */
import { ask } from './api.js';
import { attempt, factsOf, openDialog, problemPlace, tableOf } from './dialogs.js';
import { byId, bytes, clockTime, el, keyed, millis } from './text.js';

/** @type {readonly FailedCall[]} */
let failures = [];

/** Makes the choice and the look-up of a request id work. */
export function startFailures() {
  byId('which').addEventListener('change', show);
  byId('find-call').addEventListener('submit', (event) => {
    event.preventDefault();
    openStory(/** @type {HTMLInputElement} */ (byId('request')).value.trim());
  });
}

/** @param {Known} known */
export function showFailures({ frame }) {
  failures = frame.failures;
  show();
}

function show() {
  const which = /** @type {HTMLSelectElement} */ (byId('which')).value;
  const chosen = failures.filter(({ status }) => which === 'all' || status >= 500 === (which === 'ours'));
  keyed(byId('failures'), chosen, {
    keyOf: ({ requestId }) => requestId,
    create: createRow,
    update: () => {},
  });
}

/** @param {FailedCall} call */
function createRow({ requestId, endedAtMs, status, code, endpoint, totalMs }) {
  // Ids that follow each other begin alike, so that the end of one is shown.
  const start = el('span', { class: 'unseen' }, `Story of call ${requestId.slice(0, -8)}`);
  const open = el('button', { type: 'button', class: 'plain', click: () => openStory(requestId) }, start);
  open.append(requestId.slice(-8));
  return el(
    'tr',
    {},
    el('td', {}, clockTime(endedAtMs)),
    el('td', {}, open),
    el('td', {}, String(status)),
    el('td', {}, code),
    el('td', {}, endpoint ?? '–'),
    el('td', { class: 'number' }, millis(totalMs)),
  );
}

/** @param {string} requestId */
function openStory(requestId) {
  const problem = problemPlace();
  const { body } = openDialog(`Call ${requestId}`, problem);
  void attempt(async () => {
    /** @type {Story} */
    const story = await ask('GET', `/v1/calls/${encodeURIComponent(requestId)}`);
    body.replaceChildren(...storyOf(story));
  }, problem);
}

/** @param {Story} story */
function storyOf(story) {
  const facts = factsOf([
    ['Received', story.receivedAt],
    ['Operation', `${story.endpoint ?? 'none'} (${story.door})`],
    ['Of', story.subject ?? '–'],
    ['Account', story.accountId ?? 'none'],
    ['Key', story.keyId ?? 'none'],
    ['Ended', `${story.status} ${story.code ?? 'ok'}${story.hungUp ? ', the caller hung up' : ''}`],
    ['Cost', story.charge],
    ['Took', `${millis(story.totalMs)} ms, of which Bitbucket ${millis(story.upstreamMs)} ms`],
    ['Sent', bytes(story.bytesOut)],
  ]);
  if (story.attempts.length === 0) return [facts, el('p', {}, 'Nothing was asked of Bitbucket.')];
  const rows = story.attempts.map((one) => [
    `+${millis(one.afterMs)} ms`,
    `${one.exit}${one.isHedge ? ' (hedge)' : ''}`,
    one.verdict,
    one.status === null ? '–' : String(one.status),
    `${millis(one.durationMs)} ms`,
    bytes(one.bytesUp + one.bytesDown),
  ]);
  return [
    facts,
    el('h3', {}, 'Through exits'),
    tableOf('Through exits', ['Begun', 'Exit', 'Verdict', 'Status', 'Took', 'Bytes'], rows),
  ];
}
