// Where a figure comes from, in the page's language: what the program writes, not what people do.

import { day, num, say } from "./page.js";

const FIXED = { "assumed": "is_assumed", "assumed; no measurement": "source_assumed", "by definition": "risk_defined", "neutral until set": "source_neutral" };
const PATTERNS = [
  [/^set by (.+)$/, ([who]) => say("source_set_by", { who })],
  [/^stated in (.+)$/, ([file]) => say("source_stated", { file })],
  [/^trial (\d+) of (\d{4}-\d\d-\d\d) \((\d+) of (\d+) found\)$/, ([id, on, found, total]) => say("source_trial", { id, day: day(on), found: num(Number(found)), total: num(Number(total)) })],
  [/^cross-check (\d+) of (\d{4}-\d\d-\d\d) \((\d+) found, (\d+) missed\)$/, ([id, on, found, missed]) => say("source_check", { id, day: day(on), found: num(Number(found)), missed: num(Number(missed)) })],
  [/^simulated patches, (\d+) of ([\d.]+) m² planted \((\w+)\), renderer (\w+)$/, ([n, area, stage]) => say("source_simulated", { n: num(Number(n)), area: num(Number(area)), stage: say(`stage_${stage}`) })],
];

/** Return a source in words; what a person wrote stays as it is. */
export function sourceWords(source) {
  if (Object.hasOwn(FIXED, source)) return say(FIXED[source]);
  for (const [pattern, told] of PATTERNS) {
    const found = pattern.exec(source);
    if (found) return told(found.slice(1));
  }
  return source;
}
