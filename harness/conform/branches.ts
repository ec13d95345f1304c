/**
 * Where the branches of a script begin: the arms of if, else, case, default, loops and ?:, and the right sides of &&, ||
 * and ??. A compiled script is read token by token; what a branch is does not depend on which were taken.
 */

interface Token {
  readonly text: string;
  readonly start: number;
}

const LONG_PUNCTUATION = ["&&=", "||=", "??=", "...", "=>", "?.", "??", "&&", "||"] as const;
/** After these a slash begins a regular expression. */
const BEFORE_REGEX = /^(?:[([{,;:=!?&|+\-*%<>~^]|=>|&&|\|\||\?\?|\.\.\.|return|typeof|case|in|of)$/;

/** Places in the text, in order. */
export function branchesOf(source: string): readonly number[] {
  const tokens = tokensOf(source);
  const pairs = pairsOf(tokens);
  const found = new Set<number>();
  const add = (at: number): void => {
    const token = tokens[at];
    if (token !== undefined && token.text !== ";") found.add(token.start);
  };
  for (const [at, { text }] of tokens.entries()) {
    if (tokens[at - 1]?.text === ".") continue;
    switch (text) {
      case "if":
      case "for":
      case "while":
        add((pairs.get(at + 1) ?? at) + 1);
        break;
      case "else":
        if (tokens[at + 1]?.text !== "if") add(at + 1);
        break;
      case "do":
        add(at + 1);
        break;
      case "case":
      case "default":
        clause(tokens, pairs, at, add);
        break;
      case "?": {
        add(at + 1);
        const colon = colonAfter(tokens, pairs, at);
        if (colon !== null) add(colon + 1);
        break;
      }
      case "&&":
      case "||":
      case "??":
      case "&&=":
      case "||=":
      case "??=":
        add(at + 1);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** Several labels of one body are one branch. */
function clause(
  tokens: readonly Token[],
  pairs: ReadonlyMap<number, number>,
  at: number,
  add: (at: number) => void,
): void {
  const colon = colonAfter(tokens, pairs, at);
  const next = colon === null ? undefined : tokens[colon + 1]?.text;
  if (colon !== null && next !== "case" && next !== "default" && next !== "}") add(colon + 1);
}

/** The colon that belongs to what stands at `at`. */
function colonAfter(tokens: readonly Token[], pairs: ReadonlyMap<number, number>, at: number): number | null {
  let open = 0;
  for (let k = at + 1; k < tokens.length; k += 1) {
    const close = pairs.get(k);
    if (close !== undefined) {
      k = close;
      continue;
    }
    const { text } = tokens[k] as Token;
    if (text === "?") open += 1;
    if (text === "}" || text === ")" || text === "]" || text === ";") return null;
    if (text !== ":") continue;
    if (open === 0) return k;
    open -= 1;
  }
  return null;
}

/** The closing bracket of each opening one. */
function pairsOf(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { text }] of tokens.entries()) {
    if (text === "(" || text === "[" || text === "{" || text === "${") open.push(at);
    if (text !== ")" && text !== "]" && text !== "}") continue;
    const start = open.pop();
    if (start !== undefined) pairs.set(start, at);
  }
  return pairs;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  /** Of each bracket that is open: whether it is that of an expression in a template. */
  const brackets: boolean[] = [];
  let at = 0;
  const push = (text: string, start: number): void => void tokens.push({ text, start });
  while (at < source.length) {
    const rest = source.slice(at, at + 3);
    const skipped = /^(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/.exec(
      source.slice(at, rest.startsWith("/*") ? undefined : lineEnd(source, at)),
    );
    if (skipped !== null) {
      at += skipped[0].length;
      continue;
    }
    const start = at;
    const char = source[at] as string;
    if (char === "`" || (char === "}" && brackets[brackets.length - 1] === true)) {
      if (char === "}") {
        brackets.pop();
        push("}", start);
      }
      at = templateEnd(source, at + 1);
      const opens = source[at - 1] === "{";
      if (opens) brackets.push(true);
      push(opens ? "${" : "text", char === "}" ? start + 1 : start);
      continue;
    }
    const last = tokens[tokens.length - 1]?.text ?? ";";
    const whole =
      /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w$#]+)/.exec(source.slice(at, lineEnd(source, at)))?.[0] ??
      (char === "/" && BEFORE_REGEX.test(last) ? regexAt(source, at) : null);
    if (whole !== null) {
      at += whole.length;
      push(/^[\w$#]/.test(whole) ? whole : "text", start);
      continue;
    }
    const punctuation = LONG_PUNCTUATION.find((text) => source.startsWith(text, at)) ?? char;
    // `a?.5:b` has no chain in it, but nobody writes it.
    if (char === "{" || char === "(" || char === "[") brackets.push(false);
    if (char === "}" || char === ")" || char === "]") brackets.pop();
    at += punctuation.length;
    push(punctuation, start);
  }
  return tokens;
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf("\n", at);
  return end < 0 ? source.length : end + 1;
}

/** Behind the template's end, or behind the `${` that comes first. */
function templateEnd(source: string, from: number): number {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "`") return at + 1;
    else if (source[at] === "$" && source[at + 1] === "{") return at + 2;
  }
  return source.length;
}

function regexAt(source: string, at: number): string {
  return /^\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/.exec(source.slice(at, lineEnd(source, at)))?.[0] ?? "/";
}
