/** Plays histories until enough commands were compared. A failure names its seed and path, and the shortest history that fails. */
import { startWorld } from '@fanfare/testkit'
import fc from 'fast-check'
import { history, ModelRun, modelApp, modelLimits } from './model-run.ts'

export type ModelChecked = { readonly commands: number; readonly seed: number }

/** @throws Error from fast-check, which holds `seed` and `path`: give them to play the same again */
export const checkModel = async (
  atLeast: number,
  again: { seed?: number; path?: string } = {},
): Promise<ModelChecked> => {
  const seed = again.seed ?? (Date.now() ^ (Math.random() * 2 ** 31)) | 0
  let commands = 0
  let run = 0
  await using world = await startWorld({ app: modelApp, config: { limits: modelLimits } })
  for (let batch = 0; commands < atLeast; batch++) {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        await new ModelRun(world, run++).play(steps)
        commands += steps.length
      }),
      { numRuns: 20, seed: seed + batch, ...(again.path === undefined ? {} : { path: again.path }) },
    )
    if (again.path !== undefined) break
  }
  return { commands, seed }
}
