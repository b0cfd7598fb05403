/** The tables of the inbox. Every content is sealed; which user, kind, state and time stand open, since queries go by them. */
import type { OfTenant, Schema, SealedColumn, Tables } from '../../store/tables.ts'
import { aboutContent } from './content.ts'

/** One notification of one user. Its state is what was said of it at `changed`, and then what was said of all since: `states.ts`. */
export type NotificationTable = OfTenant & {
  readonly user_id: string
  /** UUIDv7: newer ones sort after older ones. */
  readonly id: string
  readonly kind: string
  /** {@link Content} as JSON, sealed. */
  readonly content: string
  readonly key_id: string | null
  readonly state: number
  /** The user's `version` at which `state` was said. */
  readonly changed: number
  /** How many it stands for. */
  readonly count: number
  readonly created_at: number
}

/** The counters of one user, and when something was last said of all. Written in every change of the user's notifications, and first, so that it is their lock. */
export type UserTable = OfTenant & {
  readonly user_id: string
  /** Rises with every change of a count. */
  readonly version: number
  readonly unseen: number
  readonly unread: number
  /** Not archived. */
  readonly shown: number
  /** Rows, archived ones too. */
  readonly kept: number
  /** Browsers that take pushes. */
  readonly pushes: number
  /** The `version` at which all were last said to be so. */
  readonly all_seen: number
  readonly all_unread: number
  readonly all_read: number
  readonly all_archived: number
}

/** That a user was notified with this key. */
export type KeyTable = OfTenant & { readonly user_id: string; readonly key: string; readonly created_at: number }

/** What is gathered of one kind for one user until `due_at`. The content is that of the newest. */
export type DigestTable = OfTenant & {
  readonly user_id: string
  readonly kind: string
  readonly id: string
  readonly content: string
  readonly key_id: string | null
  readonly count: number
  readonly due_at: number
}

export type FollowTable = OfTenant & { readonly topic: string; readonly user_id: string }
export type RoleTable = OfTenant & { readonly role: string; readonly user_id: string }

export type PreferenceTable = OfTenant & {
  readonly user_id: string
  /** NotificationPreferences as JSON. */
  readonly preferences: string
}

/** Work in steps: a notification on its way to many (`spread`), or a user who has more than is kept (`trim`). */
export type TaskTable = OfTenant & {
  readonly id: string
  readonly work: 'spread' | 'trim'
  /** Of `spread`: `topic` or `role` and its name; of `trim`: the user. */
  readonly target: 'topic' | 'role' | 'user'
  readonly name: string
  readonly kind: string
  readonly content: string
  readonly key_id: string | null
  readonly key: string | null
  /** The last user who has it. */
  readonly after: string
  readonly due_at: number
}

/** A browser's push subscription. The address is a secret: whoever has it can use it. */
export type PushTable = OfTenant & {
  /** Made of the address, so that one browser is there once and belongs to whoever signed in last. */
  readonly id: string
  readonly user_id: string
  /** PushSubscription as JSON, sealed. */
  readonly content: string
  readonly key_id: string | null
  readonly created_at: number
}

/** A notification of which is still to be decided whether it is pushed. */
export type WaitingTable = OfTenant & {
  readonly user_id: string
  readonly id: string
  /** 1: it came in quiet hours, and goes with the others into one. */
  readonly quiet: number
  readonly due_at: number
}

/** A push that was decided, for one browser. */
export type SendingTable = OfTenant & {
  readonly id: string
  readonly push_id: string
  readonly user_id: string
  /** How many notifications it tells of; more than 1 for what came in quiet hours. */
  readonly summed: number
  readonly tries: number
  readonly due_at: number
  readonly created_at: number
}

declare module '../../store/tables.ts' {
  interface Tables {
    readonly inbox_notification: NotificationTable
    readonly inbox_user: UserTable
    readonly inbox_key: KeyTable
    readonly inbox_digest: DigestTable
    readonly inbox_follow: FollowTable
    readonly inbox_role: RoleTable
    readonly inbox_preference: PreferenceTable
    readonly inbox_task: TaskTable
    readonly inbox_push: PushTable
    readonly inbox_waiting: WaitingTable
    readonly inbox_sending: SendingTable
  }
}

const notifications = `CREATE TABLE inbox_notification (
  tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, key_id TEXT,
  state BIGINT NOT NULL, changed BIGINT NOT NULL, count BIGINT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id))`

const users = `CREATE TABLE inbox_user (
  tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, version BIGINT NOT NULL, unseen BIGINT NOT NULL, unread BIGINT NOT NULL,
  shown BIGINT NOT NULL, kept BIGINT NOT NULL, pushes BIGINT NOT NULL, all_seen BIGINT NOT NULL, all_unread BIGINT NOT NULL,
  all_read BIGINT NOT NULL, all_archived BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id))`

const keys = `CREATE TABLE inbox_key (
  tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, key TEXT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, key))`

const digests = `CREATE TABLE inbox_digest (
  tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, key_id TEXT,
  count BIGINT NOT NULL, due_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, kind))`

const follows = `CREATE TABLE inbox_follow (
  tenant_id TEXT NOT NULL, topic TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (tenant_id, topic, user_id))`

const roles = `CREATE TABLE inbox_role (
  tenant_id TEXT NOT NULL, role TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (tenant_id, role, user_id))`

const preferences = `CREATE TABLE inbox_preference (
  tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, preferences TEXT NOT NULL, PRIMARY KEY (tenant_id, user_id))`

const tasks = `CREATE TABLE inbox_task (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, work TEXT NOT NULL, target TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  content TEXT NOT NULL, key_id TEXT, key TEXT, after TEXT NOT NULL, due_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id))`

const pushes = `CREATE TABLE inbox_push (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, content TEXT NOT NULL, key_id TEXT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id))`

const waiting = `CREATE TABLE inbox_waiting (
  tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, id TEXT NOT NULL, quiet BIGINT NOT NULL, due_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id))`

const sending = `CREATE TABLE inbox_sending (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, push_id TEXT NOT NULL, user_id TEXT NOT NULL, summed BIGINT NOT NULL,
  tries BIGINT NOT NULL, due_at BIGINT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id, push_id))`

/** Times come first where the store asks over tenants which have something due. */
const indexes = [
  'CREATE INDEX inbox_notification_age ON inbox_notification (created_at, tenant_id)',
  'CREATE INDEX inbox_key_age ON inbox_key (created_at, tenant_id)',
  'CREATE INDEX inbox_digest_due ON inbox_digest (due_at, tenant_id)',
  'CREATE INDEX inbox_follow_user ON inbox_follow (tenant_id, user_id, topic)',
  'CREATE INDEX inbox_role_user ON inbox_role (tenant_id, user_id, role)',
  'CREATE INDEX inbox_task_due ON inbox_task (due_at, tenant_id)',
  'CREATE INDEX inbox_push_user ON inbox_push (tenant_id, user_id, created_at)',
  'CREATE INDEX inbox_waiting_due ON inbox_waiting (due_at, tenant_id)',
  'CREATE INDEX inbox_sending_due ON inbox_sending (due_at, tenant_id)',
]

const sealed = (table: keyof Tables, key: readonly string[]): SealedColumn => ({
  table,
  text: 'content',
  keyId: 'key_id',
  key,
  about: ({ id }) => aboutContent(table, id),
})

export const inboxSchema: Schema = {
  owner: 'inbox',
  tables: [
    'inbox_notification',
    'inbox_user',
    'inbox_key',
    'inbox_digest',
    'inbox_follow',
    'inbox_role',
    'inbox_preference',
    'inbox_task',
    'inbox_push',
    'inbox_waiting',
    'inbox_sending',
  ],
  sealed: [
    sealed('inbox_notification', ['user_id', 'id']),
    // A digest that counts up is sealed anew, with another id.
    sealed('inbox_digest', ['user_id', 'kind', 'id']),
    sealed('inbox_task', ['id']),
    sealed('inbox_push', ['id']),
  ],
  migrations: [
    {
      name: '0001-inbox',
      statements: [
        notifications,
        users,
        keys,
        digests,
        follows,
        roles,
        preferences,
        tasks,
        pushes,
        waiting,
        sending,
        ...indexes,
      ],
    },
  ],
}
