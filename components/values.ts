import type { Role } from "../config/stack";

/** The values of one part: what `observe` returns and `apply` makes true. Keys hold no blanks. */
export type Values = Record<string, string>;

/** The values of one part for either role. */
export type RoleValues = Record<Role, Values>;
