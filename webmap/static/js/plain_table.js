// A whole table at once, as work lists and the zero-yield status show them.

import { fold, listRow, listTable } from "./lists.js";

/**
 * Return a table that turns into cards on a phone.
 * @param columns [{words, number}] in their order
 * @param rows lists of cells
 */
export function plainTable(columns, rows, caption) {
  const { table, body } = listTable(columns, caption);
  body.append(...rows.map((cells) => listRow(columns, cells)));
  return fold(table);
}
