// The words that each login shell makes of a command line, by its documented rules of quoting. What is more than words in that shell throws: a
// command line that depends on it means something else there, or nothing.

/** What ends a word, or is replaced, outside of quotes. */
const SPECIAL = /[$`"!#&;|<>(){}[\]*?~%^\n]/;

function wordsOf(line: string, quoted: (text: string) => string, bare = SPECIAL): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at];
    if (letter === "'") {
      let end = at + 1;
      while (end < line.length && line[end] !== "'") end += quoted(line.slice(end)).length;
      if (end >= line.length) throw new Error(`Unmatched '. in ${line}`);
      word = (word ?? "") + line.slice(at + 1, end);
      at = end;
    } else if (letter === "\\") word = (word ?? "") + line[++at];
    else if (letter === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (bare.test(letter)) throw new Error(`${letter} is special in ${line}`);
    else word = (word ?? "") + letter;
  }
  return word === undefined ? words : [...words, word];
}

/** csh and tcsh: history is replaced within single quotes too, and no quote goes over a line's end; with backslash_quote a backslash counts. */
const csh = (line: string) =>
  wordsOf(line, (text) => {
    if (/^[!\n]|^\\['"\\!\n]/.test(text)) throw new Error(`Illegal variable name, or Event not found: ${line}`);
    return text[0];
  });

/** fish: within single quotes a backslash quotes a quote and itself. */
const fish = (line: string) =>
  wordsOf(line, (text) => {
    if (/^\\['\\]/.test(text)) throw new Error(`a backslash that fish takes away: ${line}`);
    return text[0];
  });

const posix = (line: string) => wordsOf(line, (text) => text[0]);

export const LOGIN_SHELLS = { "sh, bash, zsh": posix, "csh, tcsh": csh, fish };
