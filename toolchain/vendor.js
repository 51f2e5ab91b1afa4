// The vendor's own installer, through the SDK. `answers`: is its download reachable? `install VERSION FOLDER`: the CLI into FOLDER/bin.
const DOWNLOAD = "https://get.pulumi.com/latest-version";

async function main() {
  const [verb, version, root] = process.argv.slice(2);
  if (verb === "answers") {
    const response = await fetch(DOWNLOAD, { method: "HEAD" });
    if (!response.ok) throw new Error(`${DOWNLOAD} answered ${response.status}`);
    return;
  }
  // Only here: asking must work on a checkout without its npm packages.
  const { automation } = require("@pulumi/pulumi");
  const { parse } = require("semver");
  await automation.PulumiCommand.install({ version: parse(version), root });
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(String(error));
    process.exit(1);
  },
);
