// One call of the server. What goes wrong is thrown as {message, code, fields}, in the reader's language.

import { lang, say } from "./words.js";

export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw { code: "no-link", message: say("no-link"), fields: {} };
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status === 401) throw { code: said.code, message: say("signed-out"), fields: {} };
  throw { code: said.code, message: said[`message_${lang}`] ?? say("no-link"), fields: said.fields ?? {} };
}
