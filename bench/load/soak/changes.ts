/** What somebody does while they are there, besides reading. */
import type { Chance } from '../../lib/chance.ts'
import type { NativeLife } from './native-life.ts'
import type { Room } from './rooms.ts'

type Change = (life: NativeLife, about: { readonly chance: Chance; readonly room: Room | undefined }) => void

const changes: readonly Change[] = [
  (life, { room }) => room && life.move(room),
  (life) => life.renewToken(),
  (life) => life.readHistory(),
  (life, { chance }) => life.setStatus(chance.of(['online', 'away', 'busy'])),
  (life) => life.show(),
  (life) => (life.person.entered.size === 0 ? life.show() : life.hide()),
]

export const changeNative: Change = (life, about) => about.chance.of(changes)(life, about)
