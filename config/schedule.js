// A schedule as cron reads it. Not by a library: they know forms that cron(8) does not, and cron drops a file with a line
// that it cannot read, and says so in a log only.

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");

/** The fields of crontab(5): minute, hour, day of month, month, day of week. */
const FIELDS = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: MONTHS.map((name, index) => [name, index + 1]) },
  { least: 0, most: 7, names: DAYS.map((name, index) => [name, index]) },
].map(({ names, ...limits }) => ({ ...limits, names: Object.fromEntries(names) }));

/** Whether these are five fields of crontab(5), with one blank between them. @param {string} text */
function isSchedule(text) {
  if (!/^\S+( \S+){4}$/.test(text)) return false;
  return text.split(" ").every((field, index) => {
    const { least, most, names } = FIELDS[index];
    return field.split(",").every((item) => {
      const match = /^(?:\*|(\d+|[a-z]{3})(?:-(\d+|[a-z]{3}))?)(?:\/([1-9]\d*))?$/i.exec(item);
      if (!match) return false;
      const ends = [match[1], match[2]].filter(Boolean).map((end) => names[end.toLowerCase()] ?? Number(end));
      return ends.every((end) => end >= least && end <= most) && !(ends[0] > ends[1]);
    });
  });
}

module.exports = { isSchedule };
