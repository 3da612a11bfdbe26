/**
 * Asks the door; `data` of its answer. Throws an error whose message is for people; a login that has ended leads to a
 * new one.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
export async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (response.status === 401) location.assign('/login');
  const { data, message, success } = await response.json();
  if (!success) throw new Error(message);
  return data;
}

/** Ends the login of this browser. */
export async function logOut() {
  await fetch('/logout', { method: 'POST', redirect: 'manual' });
  location.assign('/login');
}
