/** What would be used, and whether it is all there. */
import { findJava, type Java } from "./java.js";
import { type Jar, type JarOptions, resolveJar } from "./jar.js";

/** @throws ToolError where Java or the jar is missing. */
export async function version(
  options: { readonly java?: string; readonly jar?: JarOptions } = {},
): Promise<{ readonly java: Java; readonly jar: Jar }> {
  return { java: findJava(options.java), jar: await resolveJar(options.jar) };
}
