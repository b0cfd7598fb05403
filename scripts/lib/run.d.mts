/** Types of run.mjs for the scripts in TypeScript. */
export const root: string
export type CaptureOptions = {
  /** @default the root */
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly onOutput?: (text: string) => void
}
export function capture(
  command: string,
  args: readonly string[],
  options?: CaptureOptions,
): Promise<{ readonly code: number; readonly output: string }>
