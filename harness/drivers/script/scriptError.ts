/** What a person wrote cannot be done: a wrong verb, a missing node, a bad option. One line, without file and place. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
}
