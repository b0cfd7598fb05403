/** Which contenders are ours, and which is the control: by their names, so that old results can still be drawn. */

export type Side = 'ours' | 'theirs' | 'control'

export const sideOf = (contender: string): Side => {
  if (/^bare Bun/.test(contender)) return 'control'
  return /^(Fanfare|engine alone|\d+ nodes?\b|embedded)/i.test(contender) ? 'ours' : 'theirs'
}
