// In the place of npm's package of this name (package.json, overrides). @pulumi/pulumi loads it whenever it is loaded itself, in each of the two to
// six programs that an operation starts, and asks it one thing, for none of ours: which packages a function needs that runs in a cloud.
exports.Arborist = class {
  constructor() {
    throw new Error(
      "@npmcli/arborist is not installed; expected nobody to pack functions for a cloud. npm install with overrides taken out of package.json",
    );
  }
};
