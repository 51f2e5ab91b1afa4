// A reader of bash, as far as the house rules of shell text need it: commands, how they are joined, and the functions. What stands in quotes for
// another program (bash -c '...', awk) is a word to it.
export type Word = { text: string; lists: { kind: "$(" | "<(" | ">("; list: List }[] };
export type Redirection = Word & { operator: string };
export type Simple = { kind: "simple"; assigned: Word[]; words: Word[]; redirected: Redirection[]; line: number };
export type Command = (
  | Simple
  | { kind: "test"; word: Word }
  | { kind: "group" | "subshell"; list: List }
  | { kind: "if"; conditions: List[]; bodies: List[] }
  | { kind: "while"; condition: List; body: List }
  | { kind: "for" | "case"; word: Word; bodies: List[] }
  | { kind: "function"; name: string; body: Command }
) & { line: number; redirected: Redirection[] };
export type Pipeline = { not: boolean; commands: Command[] };
/** Pipelines, with what stands before each but the first: && or ||. */
export type Chain = { pipelines: Pipeline[]; operators: string[] };
export type List = Chain[];

const ENDS = ["then", "do", "done", "fi", "elif", "else", "esac", "}", ";;", ";&", ";;&"];

export function parseShell(source: string, file: string): List {
  let at = 0;
  const heredocs: { end: string; tabs: boolean }[] = [];
  const line = () => source.slice(0, at).split("\n").length;
  const wrong = (what: string): never => {
    throw new Error(
      `${file}:${line()}: this reader of bash does not understand: ${what}: ${source.slice(at, at + 40)}`,
    );
  };
  const sees = (text: string) => source.startsWith(text, at);

  function newline() {
    at++;
    for (const { end, tabs } of heredocs.splice(0))
      for (;;) {
        const stop = source.indexOf("\n", at);
        const text = source.slice(at, stop < 0 ? undefined : stop);
        at = stop < 0 ? source.length : stop + 1;
        if ((tabs ? text.replace(/^\t+/, "") : text) === end || at >= source.length) break;
      }
  }
  function blanks(lines = false) {
    for (;;) {
      if (sees("\\\n")) at += 2;
      else if (source[at] === " " || source[at] === "\t") at++;
      else if (source[at] === "#") while (at < source.length && source[at] !== "\n") at++;
      else if (lines && source[at] === "\n") newline();
      else return;
    }
  }
  /** What a quote, a dollar or a backslash begins, into the word. */
  function special(word: Word, quoted: boolean): boolean {
    const from = at;
    if (source[at] === "\\") at += 2;
    else if (sees("$'") && !quoted) {
      at += 2;
      while (source[at] !== "'") at += source[at] === "\\" ? 2 : 1;
      at++;
    } else if (source[at] === "'" && !quoted) at = source.indexOf("'", at + 1) + 1;
    else if (source[at] === '"') {
      at++;
      while (source[at] !== '"') if (!special(word, true)) at++;
      at++;
    } else if (sees("$((")) {
      at += 3;
      arithmetic(word);
    } else if (sees("$(")) {
      at += 2;
      word.lists.push({ kind: "$(", list: list(")") });
    } else if (sees("${")) {
      at += 2;
      while (source[at] !== "}") {
        if (at >= source.length) wrong("${ without an end");
        if (sees("$'")) special(word, false);
        else if (!special(word, quoted)) at++;
      }
      at++;
    } else return false;
    word.text += source.slice(from, at);
    return true;
  }
  function arithmetic(word: Word) {
    let depth = 0;
    for (;;) {
      if (at >= source.length) wrong("(( without an end");
      if (depth === 0 && sees("))")) break;
      if (source[at] === "(") depth++;
      if (source[at] === ")") depth--;
      if (!special(word, false)) at++;
    }
    at += 2;
  }
  const empty = (): Word => ({ text: "", lists: [] });
  function wordHere(): Word {
    const word = empty();
    while (at < source.length) {
      if (sees("<(") || sees(">(")) {
        const kind = source.slice(at, at + 2) as "<(" | ">(";
        at += 2;
        word.lists.push({ kind, list: list(")") });
        word.text += kind;
      } else if (/[\s;&|<>)]/.test(source[at])) break;
      else if (source[at] === "(") {
        if (/^[\w[\]"$@{}]+\+?=$/.test(word.text)) array(word);
        else if (/[@?*+!]$/.test(word.text)) pattern(word);
        else break;
      } else if (!special(word, false)) word.text += source[at++];
    }
    return word;
  }
  function array(word: Word) {
    at++;
    for (blanks(true); source[at] !== ")"; blanks(true)) {
      const element = wordHere();
      if (!element.text) wrong("an element of an array");
      word.lists.push(...element.lists);
    }
    at++;
    word.text += "()";
  }
  function pattern(word: Word) {
    let depth = 0;
    do {
      if (source[at] === "(") depth++;
      if (source[at] === ")") depth--;
      if (!special(word, false)) word.text += source[at++];
    } while (depth > 0 && at < source.length);
  }
  /** Redirections behind or within a command. */
  function redirection(into: Redirection[]): boolean {
    const found = /^(\d+|\{\w+\})?(<<<|<<-?|<>|<&|>>|>&|>\||&>>|&>|<|>)/.exec(source.slice(at, at + 40));
    if (!found || (/^[<>]$/.test(found[0]) && source[at + 1] === "(")) return false;
    at += found[0].length;
    blanks();
    const word = wordHere();
    if (/^<<-?$/.test(found[2])) heredocs.push({ end: word.text.replace(/['"\\]/g, ""), tabs: found[2] === "<<-" });
    into.push({ ...word, operator: found[2] });
    return true;
  }
  const keyword = (word: string) => sees(word) && /^$|[\s;&|()]/.test(source[at + word.length] ?? "");
  function take(word: string) {
    blanks(true);
    if (!keyword(word) && !sees(word)) wrong(`no ${word}`);
    at += word.length;
  }
  function command(): Command {
    const began = line();
    const redirected: Redirection[] = [];
    let made: Record<string, unknown>;
    if (sees("((")) {
      at += 2;
      const word = empty();
      arithmetic(word);
      made = { kind: "test", word };
    } else if (source[at] === "(") {
      at++;
      made = { kind: "subshell", list: list(")") };
    } else if (keyword("{")) {
      at++;
      made = { kind: "group", list: list("}") };
    } else if (keyword("[[")) {
      const word = empty();
      at += 2;
      while (!/^\s\]\]/.test(source.slice(at, at + 3))) {
        if (at >= source.length) wrong("[[ without an end");
        if (sees("<(")) wordHere();
        else if (!special(word, false)) word.text += source[at++];
      }
      at += 3;
      made = { kind: "test", word };
    } else if (keyword("if")) {
      at += 2;
      const conditions = [list("then")];
      const bodies: List[] = [];
      for (;;) {
        bodies.push(list("elif", "else", "fi"));
        if (source.slice(at - 4, at) === "elif") conditions.push(list("then"));
        else if (source.slice(at - 4, at) === "else") {
          bodies.push(list("fi"));
          break;
        } else break;
      }
      made = { kind: "if", conditions, bodies };
    } else if (keyword("while") || keyword("until")) {
      at += 5;
      const condition = list("do");
      made = { kind: "while", condition, body: list("done") };
    } else if (keyword("for")) {
      at += 3;
      const word = empty();
      blanks();
      if (sees("((")) {
        at += 2;
        arithmetic(word);
      }
      for (blanks(); !/[;\n]/.test(source[at]); blanks()) word.lists.push(...wordHere().lists);
      at += source[at] === ";" ? 1 : 0;
      take("do");
      made = { kind: "for", word, bodies: [list("done")] };
    } else if (keyword("case")) {
      at += 4;
      blanks();
      const word = wordHere();
      take("in");
      const bodies: List[] = [];
      for (blanks(true); !keyword("esac"); blanks(true)) {
        const choice = empty();
        if (source[at] === "(") at++;
        while (source[at] !== ")") {
          if (/[@?*+!]/.test(source[at]) && source[at + 1] === "(") {
            at++;
            pattern(choice);
          } else if (!special(choice, false)) at++;
        }
        at++;
        bodies.push(list(";;&", ";;", ";&", "esac"));
        if (source.slice(at - 4, at) === "esac") at -= 4;
      }
      at += 4;
      made = { kind: "case", word, bodies };
    } else return simple(began);
    for (blanks(); redirection(redirected); ) blanks();
    return { ...made, line: began, redirected } as Command;
  }
  function simple(began: number): Command {
    const made: Simple = { kind: "simple", assigned: [], words: [], redirected: [], line: began };
    for (;;) {
      blanks();
      if (redirection(made.redirected)) continue;
      const word = wordHere();
      if (!word.text && !word.lists.length) break;
      if (made.words.length === 0 && /^[A-Za-z_]\w*(\[.*\])?\+?=/s.test(word.text)) made.assigned.push(word);
      else made.words.push(word);
      if (sees("()") && made.words.length === 1) {
        at += 2;
        blanks(true);
        return { kind: "function", name: word.text, body: command(), line: began, redirected: [] };
      }
    }
    if (!made.words.length && !made.assigned.length && !made.redirected.length) wrong("no command");
    return made;
  }
  function pipeline(): Pipeline {
    const made: Pipeline = { not: false, commands: [] };
    blanks(true);
    while (keyword("!")) {
      made.not = !made.not;
      at++;
      blanks();
    }
    for (;;) {
      blanks(true);
      made.commands.push(command());
      blanks();
      if (source[at] !== "|" || sees("||")) return made;
      at += sees("|&") ? 2 : 1;
    }
  }
  function list(...ends: string[]): List {
    const made: List = [];
    for (;;) {
      for (blanks(true); /[;&]/.test(source[at] ?? "") && !/^;[;&]/.test(source.slice(at, at + 2)); blanks(true)) at++;
      const end = ends.find((word) => (/^\w/.test(word) ? keyword(word) : sees(word)));
      if (end) {
        at += end.length;
        return made;
      }
      if (at >= source.length) return ends.length ? wrong(`no ${ends}`) : made;
      if (ENDS.some((word) => keyword(word))) wrong("an end of something else");
      const chain: Chain = { pipelines: [pipeline()], operators: [] };
      for (blanks(); sees("&&") || sees("||"); blanks()) {
        chain.operators.push(source.slice(at, at + 2));
        at += 2;
        chain.pipelines.push(pipeline());
      }
      made.push(chain);
    }
  }
  return list();
}

/** What fails nowhere but by its redirection, or ends more than the command. */
const BUILTINS = new Set(
  "printf echo local declare readonly export unset shopt shift mapfile trap umask set exit return break continue : true eval source . exec command type disown".split(
    " ",
  ),
);
/** Whose failure changes nothing that counts. */
const HARMLESS = new Set(["sleep"]);

type Fn = { name: string; file: string; body: Command };

type Finding = { where: string; what: string };

/**
 * bare: where a function, or a part of one, that needs errexit runs without it: in a condition, left of && or ||, behind !. It needs it where something
 * can fail behind which it goes on all the same: a command, or an assignment of what one says, that is neither its last nor checked by itself; its
 * own or that of what it calls. lost: where <(...) runs what can fail.
 */
export function lostFailures(sources: { file: string; text: string }[]): { bare: Finding[]; lost: Finding[] } {
  const functions = new Map<string, Fn>();
  const programs = sources.map(({ file, text }) => ({ file, list: parseShell(text, file) }));
  for (const { file, list } of programs)
    for (const { pipelines } of list)
      for (const made of pipelines.flatMap(({ commands }) => commands))
        if (made.kind === "function") functions.set(made.name, { name: made.name, file, body: made.body });

  const called = ({ words }: Simple) => words[0]?.text.replace(/^(["'])(.*)\1$/s, "$2") ?? "";
  const isDynamic = (name: string) => name.includes("$");

  const memo = <T>(compute: (fn: Fn) => T, while_: T) => {
    const known = new Map<string, T>();
    return (name: string): T => {
      const fn = functions.get(name);
      if (!fn) return while_;
      if (!known.has(name)) {
        known.set(name, while_);
        known.set(name, compute(fn));
      }
      return known.get(name) as T;
    };
  };
  /** Every simple command of a list that runs in the same shell. */
  function* commandsOf(list: List): Generator<Simple> {
    for (const made of list.flatMap(({ pipelines }) => pipelines.flatMap(({ commands }) => commands)))
      if (made.kind === "simple") yield made;
      else if (made.kind === "group" || made.kind === "subshell") yield* commandsOf(made.list);
      else if (made.kind === "if") for (const part of [...made.conditions, ...made.bodies]) yield* commandsOf(part);
      else if (made.kind === "while") for (const part of [made.condition, made.body]) yield* commandsOf(part);
      else if (made.kind === "for" || made.kind === "case") for (const part of made.bodies) yield* commandsOf(part);
  }
  const asList = (body: Command): List => [{ pipelines: [{ not: false, commands: [body] }], operators: [] }];
  const ends: (name: string) => boolean = memo(
    ({ body }): boolean => [...commandsOf(asList(body))].some((made) => called(made) === "exit" || ends(called(made))),
    false,
  );
  /** The function can return something else than 0. */
  const returnsFalse = memo(
    ({ body }) =>
      [...commandsOf(asList(body))].some((made) => called(made) === "return" && made.words[1]?.text !== "0") ||
      lastFails(asList(body)),
    false,
  );
  function simpleFails(made: Simple): boolean {
    if (made.redirected.some(({ operator, text }) => !/^(<<|[<>]&)/.test(operator) && !/^(\/dev\/null|<\()/.test(text)))
      return true;
    if (made.words.length === 0)
      return made.assigned.some(({ lists }) => lists.some(({ kind, list }) => kind === "$(" && listFails(list)));
    const name = called(made);
    if (functions.has(name)) return returnsFalse(name);
    // A line is always there.
    if (name === "read" && made.redirected.some(({ operator }) => operator === "<<<")) return false;
    return !BUILTINS.has(name) && !HARMLESS.has(name);
  }
  function fails(made: Command): boolean {
    if (made.kind === "simple") return simpleFails(made);
    if (made.kind === "test") return true;
    if (made.kind === "group" || made.kind === "subshell") return lastFails(made.list);
    if (made.kind === "if" || made.kind === "for" || made.kind === "case") return made.bodies.some(lastFails);
    return made.kind === "while" && lastFails(made.body);
  }
  function lastFails(list: List): boolean {
    const last = list.at(-1);
    const pipeline = last?.pipelines.at(-1);
    if (!last || !pipeline) return false;
    return last.operators.at(-1) === "&&" || pipeline.not || pipeline.commands.some(fails);
  }
  /** Where it has an unchecked failure, as errexit sees it. */
  const anyFails = (list: List): boolean =>
    list.some(({ pipelines }) => {
      const pipeline = pipelines.at(-1) as Pipeline;
      return !pipeline.not && pipeline.commands.some(commandFails);
    });
  function commandFails(made: Command): boolean {
    if (made.kind === "simple") return simpleFails(made);
    if (made.kind === "group" || made.kind === "subshell") return anyFails(made.list);
    if (made.kind === "while") return anyFails(made.body);
    return "bodies" in made && made.bodies.some(anyFails);
  }
  /** What a substitution runs can end with something else than 0, or before its end. */
  const listFails = (list: List): boolean =>
    lastFails(list) ||
    anyFails(list) ||
    [...commandsOf(list)].some((made) => called(made) === "exit" || ends(called(made)) || needs(called(made)) !== "");

  const show = (made: Command) =>
    `line ${made.line}: ${
      made.kind === "simple"
        ? [...made.assigned, ...made.words]
            .map(({ text }) => text)
            .join(" ")
            .slice(0, 70)
        : made.kind
    }`;

  /** Behind what a list goes on without errexit, though it failed. */
  function* unchecked(list: List, last: boolean): Generator<string> {
    for (const [index, { pipelines }] of list.entries()) {
      const pipeline = pipelines.at(-1) as Pipeline;
      if (pipeline.not) continue;
      // A bare return hands on what was before it.
      const next = list[index + 1]?.pipelines[0].commands[0];
      const returned = next?.kind === "simple" && called(next) === "return" && next.words.length === 1;
      const tail = (last && index === list.length - 1) || returned;
      for (const made of pipeline.commands) yield* uncheckedIn(made, tail);
    }
  }
  function* uncheckedIn(made: Command, tail: boolean): Generator<string> {
    if (made.kind === "group" || made.kind === "subshell") yield* unchecked(made.list, tail);
    else if (made.kind === "if" || made.kind === "case") for (const body of made.bodies) yield* unchecked(body, tail);
    else if (made.kind === "for") for (const body of made.bodies) yield* unchecked(body, false);
    else if (made.kind === "while") yield* unchecked(made.body, false);
    else if (made.kind === "test") {
      if (!tail) yield show(made);
    } else if (made.kind === "simple") {
      const name = called(made);
      const inner = needs(name);
      if (inner) yield `${show(made)} -> ${inner}`;
      else if (isDynamic(name) && /_(observe|apply|prepare|remove)"?$/.test(name)) yield show(made);
      else if (!tail && simpleFails(made)) yield show(made);
      else
        for (const { lists } of made.assigned)
          for (const { kind, list } of lists) if (kind === "$(") yield* unchecked(list, true);
    }
  }
  const needs = memo(({ file, body }): string => {
    for (const why of unchecked(asList(body), true)) return `${file} ${why}`;
    return "";
  }, "");

  const found: Finding[] = [];
  const lost: Finding[] = [];
  function look(list: List, at: { file: string; name: string }, bare: boolean) {
    for (const { pipelines } of list)
      for (const [index, pipeline] of pipelines.entries())
        for (const made of pipeline.commands) lookAt(made, at, bare || pipeline.not || index < pipelines.length - 1);
  }
  function lookAt(made: Command, at: { file: string; name: string }, bare: boolean) {
    const inside = ({ lists }: Word) => {
      for (const { kind, list } of lists) {
        if (kind === "<(" && listFails(list)) lost.push({ where: `${at.file}: ${at.name}`, what: show(made) });
        look(list, at, bare);
      }
    };
    for (const word of made.redirected) inside(word);
    if (made.kind === "function") look(asList(made.body), { file: at.file, name: made.name }, false);
    else if (made.kind === "group" || made.kind === "subshell") {
      look(made.list, at, bare);
      if (bare)
        for (const why of unchecked(made.list, true)) found.push({ where: `${at.file}: ${at.name}`, what: why });
    } else if (made.kind === "if") {
      for (const part of made.conditions) look(part, at, true);
      for (const part of made.bodies) look(part, at, bare);
    } else if (made.kind === "while") {
      look(made.condition, at, true);
      look(made.body, at, bare);
    } else if (made.kind === "for" || made.kind === "case") {
      inside(made.word);
      for (const part of made.bodies) look(part, at, bare);
    } else if (made.kind === "test") inside(made.word);
    else if (made.kind === "simple") {
      for (const word of [...made.assigned, ...made.words]) inside(word);
      if (bare) {
        const why = needs(called(made));
        if (why) found.push({ where: `${at.file}: ${at.name}`, what: `${called(made)}: ${why}` });
        for (const { lists } of made.assigned)
          for (const { kind, list } of lists)
            if (kind === "$(" && list.length > 1)
              for (const inner of unchecked(list, true)) found.push({ where: `${at.file}: ${at.name}`, what: inner });
      }
    }
  }
  for (const { file, list } of programs) look(list, { file, name: "main program" }, false);
  const seen = new Set<string>();
  return { bare: found.filter(({ where, what }) => !seen.has(where + what) && seen.add(where + what)), lost };
}
