#!/usr/bin/env node
// No syntax that an old Node can't read, so that it gets a sentence and no stack trace.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`plinth-migrate needs Node 20.19 or newer; this is ${process.version}.`);
  process.exitCode = 2;
} else {
  // Node 21 and later have it. Without it the driver loads all of `fetch` to find out where it runs: 15 ms.
  if (globalThis.navigator === undefined)
    Object.defineProperty(globalThis, "navigator", { value: { userAgent: `Node.js/${major}` }, configurable: true });
  // Where Node can keep compiled code between runs (22.8 and later), a cold start skips compiling.
  const { enableCompileCache } = await import("node:module");
  if (enableCompileCache !== undefined) enableCompileCache();
  try {
    const { main } = await import("../dist/bundle/main.js");
    await main();
  } catch (error) {
    console.error(`error plinth-migrate could not be loaded, is it installed whole? ${error.message}`);
    process.exitCode = 1;
  }
}
