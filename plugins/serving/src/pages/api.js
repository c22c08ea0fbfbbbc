// The server's routes, and what its refusals mean.

const MEANS = {
  401: 'The server asks for its token: reload the page.',
  404: 'The server no longer has this upload.',
  410: 'The server no longer has this upload.',
  413: 'This is more than the server takes at once.',
  415: 'The server does not take this kind of file.',
  429: 'The server has too much to do at the moment.',
  503: 'The server has too much to do at the moment.',
};

// What went wrong, in words: what the status means, what the server says, and when to try again.
function refusal(status, text, after) {
  let detail = '';
  try {
    detail = JSON.parse(text).detail ?? '';
  } catch {
    // No problem+json: a proxy's own page, or nothing.
  }
  const again = after ? ` Try again in ${after} seconds.` : '';
  const error = new Error(`${MEANS[status] ?? `The server refuses (${status}).`}${detail ? ` It says: ${detail}.` : ''}${again}`.replace('..', '.'));
  error.status = status;
  return error;
}

export async function get(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error('The server does not answer. Is it still running?');
  }
  if (!answer.ok) throw refusal(answer.status, await answer.text(), answer.headers.get('retry-after'));
  return answer.status === 204 ? null : answer.json();
}

export const remove = (id) => get(`/v1/exams/${encodeURIComponent(id)}`, { method: 'DELETE' });

// Sends files as one upload and answers its id; `progress` is told of bytes sent.
export function send(files, bundle, progress) {
  const form = new FormData();
  for (const { file, path } of files) form.append('file', file, path);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/v1/exams${bundle ? `?bundle=${encodeURIComponent(bundle)}` : ''}`);
    request.upload.onprogress = (event) => progress(event.loaded, event.total);
    request.onload = () => {
      if (request.status !== 202) reject(refusal(request.status, request.responseText, request.getResponseHeader('retry-after')));
      else resolve(JSON.parse(request.responseText).id);
    };
    request.onerror = () => reject(new Error('The upload broke off: the server does not answer, or takes no more of it.'));
    request.send(form);
  });
}

// Tells of an upload's state until it is done or failed; answers what stops it.
export function follow(id, told) {
  const events = new EventSource(`/v1/exams/${encodeURIComponent(id)}/events`);
  events.onmessage = (event) => {
    const state = JSON.parse(event.data);
    if (state.state === 'done' || state.state === 'failed') events.close();
    told(state);
  };
  // A connection that broke is opened again by the browser; one that was refused is not.
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) told(null);
  };
  return () => events.close();
}
