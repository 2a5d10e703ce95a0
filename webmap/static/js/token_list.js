// The table of API tokens: one's own, or everybody's.

import { drop, el, moment, say } from "./page.js";
import { listRow, listTable } from "./lists.js";

export const scopeWords = (scope) =>
  ({ read: say("scope_read"), upload: say("scope_upload"), all: say("scope_all") })[scope] ?? scope;

/**
 * Show tokens in a table.
 * @param node takes the table
 * @param owner words of the column that names the owner; null where all have one
 * @param gone called with a sentence when one was revoked; null where nobody may
 */
export function showTokens(node, tokens, { owner, none, gone, fail }) {
  const columns = [
    { words: say("token_label") }, ...(owner ? [{ words: owner }] : []), { words: say("token_scope") },
    { words: say("token_expires") }, { words: say("token_used") }, ...(gone ? [{ words: say("token_revoke") }] : []),
  ];
  const { table, body } = listTable(columns, say("tokens_caption"));
  body.append(...tokens.map((token) => {
    const held = { revoked: say("token_revoked"), over: say("token_over") }[token.state];
    const button = el("button", { type: "button", onclick: () => revoke(token) }, say("token_revoke"));
    const cells = [
      token.label, ...(owner ? [token.user] : []), scopeWords(token.scope), held ?? moment(token.expires),
      token.used_at ? moment(token.used_at) : say("token_never"), ...(gone ? [held ? "" : button] : []),
    ];
    return listRow(columns, cells, { class: held ? "off" : null, "data-token": token.id });
  }));
  node.replaceChildren(tokens.length ? table : el("p", { class: "hint empty" }, none));
  node.setAttribute("aria-busy", "false");

  async function revoke(token) {
    try {
      await drop(`tokens/${token.id}`);
      gone(say("token_gone"));
    } catch (error) {
      fail(error.message);
    }
  }
}
