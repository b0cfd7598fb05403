/**
 * The states of a notification, pure: what a mark makes of one, and what is true of a row now. Marking all is one line at the
 * user, whatever there is of them: a row has the state that was said of it, and then what was said of all since.
 */
import type { Mark } from './inbox-api.ts'

/** Its number is what stands in a row. `hidden` was never in the inbox: it was only pushed. */
export const stateNames = ['unseen', 'seen', 'read', 'archived', 'hidden'] as const
export type RowState = 0 | 1 | 2 | 3 | 4

export const unseen = 0
export const archived = 3
export const hidden = 4

/** Of one user: the `version` at which all were last marked so, or 0. No two are the same but 0. */
export type MarksOfAll = { readonly [Name in Mark]: number }

/** What one that is named becomes: never back, but by `unread`, which also takes out of the archive. */
export const transition = (state: RowState, mark: Mark): RowState => {
  switch (mark) {
    case 'seen':
      return state === 0 ? 1 : state
    case 'read':
      return state < 2 ? 2 : state
    case 'archived':
      return state < 3 ? 3 : state
    case 'unread':
      return state === 2 || state === 3 ? 1 : state
  }
}

/** As `transition`, but what is archived stays there. */
export const transitionOfAll = (state: RowState, mark: Mark): RowState =>
  state >= archived ? state : transition(state, mark)

const marks: readonly Mark[] = ['seen', 'unread', 'read', 'archived']

/** Only the last of each mark counts: done once more after others, none changes what they made of the first (`states.test.ts`). */
const inOrder = (all: MarksOfAll): readonly (readonly [Mark, number])[] =>
  marks
    .map((mark) => [mark, all[mark]] as const)
    .filter(([, version]) => version > 0)
    .sort(([, one], [, other]) => one - other)

/** @param row its state, and the version at which that was said */
export const stateNow = (row: { readonly state: number; readonly changed: number }, all: MarksOfAll): RowState =>
  inOrder(all)
    .filter(([, version]) => version > row.changed)
    .reduce((state, [mark]) => transitionOfAll(state, mark), row.state as RowState)

/** Rows said at `from` or later, and before `before`, that have one of `states` as it stands in the row. */
export type Band = { readonly from: number; readonly before: number; readonly states: readonly RowState[] }

/** Which rows are in one of the wanted states now, for a query: at most five bands. */
export const bandsOf = (wanted: ReadonlySet<RowState>, all: MarksOfAll): readonly Band[] => {
  const edges = [0, ...inOrder(all).map(([, version]) => version), Number.MAX_SAFE_INTEGER]
  return edges.slice(0, -1).flatMap((from, index) => {
    const changed = from
    const states = ([0, 1, 2, 3, 4] as const).filter((state) => wanted.has(stateNow({ state, changed }, all)))
    return states.length === 0 ? [] : [{ from, before: edges[index + 1]!, states }]
  })
}
