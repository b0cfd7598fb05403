/** Type tests: what an application and its clients know of chat. `tsc` is the runner; never imported, never run. */
import type {
  ChatMessage,
  CommandInput,
  CommandOutput,
  KnownRoom,
  PatternOf,
  RoomEvents,
  SentMessage,
} from '@fanfare/protocol'
import { z } from 'zod'
import { command } from '../../app/define-app.ts'
import { defineApp } from '../../features.ts'

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const holds = <_Proof extends true>(): void => {}

const app = defineApp({
  rooms: {
    lobby: { events: { said: z.string() }, access: ({ context, user }) => isOwner(context.chat.room(user.id)) },
  },
  commands: {
    'chat:list': command(z.null(), () => 'my own'),
    'visit:note': command(z.object({ visitId: z.string(), text: z.string() }), async (context, { visitId, text }) => {
      const { message } = await context.chat.send({ roomId: visitId, userId: context.user.id, text })
      // @ts-expect-error there is no such verb
      context.chat.shout
      return message
    }),
  },
  on: {
    'message.created': async (context, event) => {
      holds<Equal<typeof event.data.message, ChatMessage>>()
      await context.chat.read(event.data.message.roomId, 'recorder', event.data.message.number)
    },
    said: (_, event) => {
      holds<Equal<typeof event.data, string>>()
    },
  },
  features: { chat: { textLength: 500 } },
})
type App = typeof app

const isOwner = async (room: Promise<{ readonly title: string } | undefined>): Promise<boolean> =>
  (await room)?.title === 'mine'

defineApp({
  rooms: {},
  features: {
    chat: {
      // @ts-expect-error no such option
      textLenght: 500,
    },
  },
})
defineApp({
  rooms: {},
  features: {
    // @ts-expect-error no such feature
    chatt: false,
  },
})
defineApp({
  rooms: { lobby: { events: {}, access: 'tenant' } },
  on: {
    // @ts-expect-error neither the application nor a feature has such an event
    'message.shouted': () => {},
  },
})

holds<Equal<PatternOf<App, 'chat:42'>, 'chat:{roomId}'>>()
holds<Equal<PatternOf<App, `chat:${string}:typing`>, 'chat:{roomId}:typing'>>()
holds<Equal<RoomEvents<App, 'chat:42'>['message.created']['message'], ChatMessage>>()
holds<KnownRoom<App, 'lobby'> extends 'lobby' ? true : false>()
holds<Equal<CommandOutput<App, 'message:send'>, SentMessage>>()
holds<CommandInput<App, 'message:send'> extends { readonly roomId: string; readonly text: string } ? true : false>()
/** An application's own command of the same name stands in front, for its clients too. */
holds<Equal<CommandOutput<App, 'chat:list'>, string>>()

// An application that describes no room of its own has those of the features, and no other.
const bare = defineApp({ features: {} })
holds<Equal<KnownRoom<typeof bare, 'chat:1'>, 'chat:1'>>()
holds<Equal<PatternOf<typeof bare, 'lobby'>, never>>()
