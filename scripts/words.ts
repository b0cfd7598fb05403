/**
 * Rules on words that a linter does not know: the glossary, where a runtime may be named, and what is never committed.
 * Lengths, `any` and re-exports are Biome's (biome.json).
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { SourceFile } from './borders.ts'
import { filesIn, isForTests } from './lib/files.mjs'
import { withoutComments } from './lib/imports.ts'

type Rule = {
  readonly forbidden: RegExp
  /** Whether the rule holds for the file at this path. */
  readonly applies: (path: string) => boolean
  readonly why: string
  /** Comments count too. */
  readonly everywhere?: true
}

const isShipped = (path: string): boolean => /^packages\/[^/]+\/src\//.test(path) && !isForTests(path)
const spoken = ['scripts/words.ts', 'scripts/words.test.ts']

/** Where a Socket.IO session touches what all sessions share: which of its namespaces an emit or a saved session is for. */
const besideSocketIo = [
  'packages/server/src/engine/embedded/session-states.ts',
  'packages/server/src/engine/node-bus.ts',
  'packages/server/src/engine/redis/node-message.ts',
  'packages/server/src/engine/session-states.ts',
  'packages/server/src/flows/command.ts',
  'packages/server/src/flows/context.ts',
  'packages/server/src/flows/emit.ts',
  'packages/server/src/index.ts',
]

/** What users of the inbox follow is called a topic wherever there are notifications. */
const besideTopics = [
  'packages/protocol/src/notification.ts',
  'packages/server/src/features/inbox/',
  'packages/backend/src/',
]

/** Names of the platform that contain a word which the glossary does without. */
const platformNames = /\b(BroadcastChannel|MessageChannel|channelCount|namespaceURI)\b/g

export const rules: readonly Rule[] = [
  {
    forbidden: /\w*(?:(?<![A-Za-z])(?:channel|topic|peer)|Channel|Topic|Peer)s?(?![a-z])\w*/,
    applies: (path) =>
      isShipped(path) &&
      !path.includes('/wire/socketio/') &&
      !path.includes('/redis/') &&
      !besideTopics.some((place) => path.startsWith(place)),
    why: 'is not a word of this project; the glossary in ARCHITECTURE.md has the right one.',
  },
  {
    forbidden: /\w*(?:(?<![A-Za-z])namespace|Namespace)s?(?![a-z])\w*/,
    applies: (path) => isShipped(path) && !path.includes('socketio') && !besideSocketIo.includes(path),
    why: 'is a word of Socket.IO; elsewhere the glossary in ARCHITECTURE.md has the right one.',
  },
  {
    forbidden: /\bBun\.|['"]bun(?::\w+)?['"]/,
    applies: (path) => isShipped(path) && !/^packages\/server\/src\/(listen|store\/sqlite)\//.test(path),
    why: 'names a runtime; only listen/ and store/sqlite/ do.',
  },
  {
    forbidden: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    applies: (path) => !spoken.includes(path),
    why: 'belongs in an issue, not in the source.',
    everywhere: true,
  },
  {
    forbidden: /@ts-(?:ignore|nocheck)|@ts-expect-error(?!.*\w)/,
    applies: (path) => !isForTests(path) && !spoken.includes(path),
    why: 'hides an error from the compiler.',
    everywhere: true,
  },
  {
    forbidden: /^export \* from/m,
    applies: (path) => /(^|\/)index\.tsx?$/.test(path),
    why: 'exports what nobody chose; name each export.',
  },
  {
    forbidden: /\b(?:test|it|describe)\.only\(/,
    applies: (path) => isForTests(path) && !spoken.includes(path),
    why: 'keeps the other tests from running.',
  },
]

/** Texts blanked out, so that only code remains; templates stay, for they hold code. */
const withoutTexts = (code: string): string =>
  code.replace(/(['"])(?:\\.|(?!\1)[^\\\n])*\1/g, (text) => text[0] + ' '.repeat(text.length - 2) + text[0])

const partFor = (rule: Rule, source: string): string => {
  if (rule.everywhere) return source
  const code = withoutComments(source)
  return rule.why.includes('runtime') ? code : withoutTexts(code).replace(platformNames, '')
}

/** A sentence for each line that breaks a rule. */
export const findForbidden = ({ path, source }: SourceFile): readonly string[] =>
  rules
    .filter((rule) => rule.applies(path))
    .flatMap((rule) =>
      partFor(rule, source)
        .split('\n')
        .flatMap((line, index) => {
          const word = rule.forbidden.exec(line)?.[0]
          return word === undefined ? [] : [`${path}:${index + 1} ${word} ${rule.why}`]
        }),
    )

if (import.meta.main) {
  const paths: string[] = filesIn(['packages', 'examples', 'bench', 'test', 'scripts'], (name: string) =>
    /\.(ts|tsx|mjs)$/.test(name),
  )
  const found = paths.flatMap((path) => findForbidden({ path, source: readFileSync(path, 'utf8') }))
  for (const problem of found) process.stdout.write(`${problem}\n`)
  process.stdout.write(`${paths.length} files, ${found.length} forbidden words\n`)
  process.exitCode = found.length === 0 ? 0 : 1
}
