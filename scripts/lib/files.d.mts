/** Types of files.mjs for the scripts in TypeScript. */
export function filesIn(folders: readonly string[], wanted?: (name: string) => boolean): string[]
export function isNodeTest(name: string): boolean
export function isBunTest(name: string): boolean
export function isForTests(name: string): boolean
export function isServersTest(name: string): boolean
