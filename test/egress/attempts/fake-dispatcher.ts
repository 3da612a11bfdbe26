import type { Dispatcher } from 'undici';

/** One request as a dispatcher got it, driven by the test. */
export interface FakeRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it was written to the tunnel. */
  readonly sent: boolean;
  /** Why it was aborted; null while it was not. */
  readonly aborted: Error | null;
  readonly paused: boolean;
  /** The tunnel is open and free: undici begins with the request. */
  begin(): FakeRequest;
  head(status: number, headers?: Record<string, string | string[]>): FakeRequest;
  data(chunk: string | Buffer): FakeRequest;
  end(): FakeRequest;
  /** Begin, head, body and end. */
  answer(status: number, body?: string | Buffer, headers?: Record<string, string | string[]>): FakeRequest;
  fail(error: Error): FakeRequest;
}

export interface FakeDispatcher extends Dispatcher {
  readonly requests: FakeRequest[];
}

export const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/** A dispatcher without sockets: calls its handlers as undici does, when the test says so. */
export function createFakeDispatcher(react: (request: FakeRequest) => void = () => {}): FakeDispatcher {
  const requests: FakeRequest[] = [];
  return {
    requests,
    dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
      const request = fakeRequest(options, handler);
      requests.push(request);
      react(request);
      return true;
    },
  } as unknown as FakeDispatcher;
}

function fakeRequest(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): FakeRequest {
  let sent = false;
  let paused = false;
  let aborted: Error | null = null;
  let isDone = false;
  const controller = {
    abort: (reason: Error) => {
      if (isDone) return;
      isDone = true;
      aborted = reason;
      handler.onResponseError?.(controller, reason);
    },
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
  } as unknown as Dispatcher.DispatchController;
  const request: FakeRequest = {
    path: options.path,
    headers: options.headers as Record<string, string>,
    get sent() {
      return sent;
    },
    get paused() {
      return paused;
    },
    get aborted() {
      return aborted;
    },
    begin: () => {
      if (isDone) return request;
      handler.onRequestStart?.(controller, {});
      sent = aborted === null;
      return request;
    },
    head: (status, headers = JSON_TYPE) => {
      if (!isDone) handler.onResponseStart?.(controller, status, headers, '');
      return request;
    },
    data: (chunk) => {
      if (!isDone) handler.onResponseData?.(controller, Buffer.from(chunk));
      return request;
    },
    end: () => {
      if (!isDone) {
        isDone = true;
        handler.onResponseEnd?.(controller, {});
      }
      return request;
    },
    answer: (status, body = '', headers) => {
      request.begin().head(status, headers);
      if (body.length > 0) request.data(body);
      return request.end();
    },
    fail: (error) => {
      if (!isDone) {
        isDone = true;
        handler.onResponseError?.(controller, error);
      }
      return request;
    },
  };
  return request;
}
