/** Every metric that the server has, by name, and the interface through which they are counted. prom-client is behind it in `http/metrics.ts`. */

export const metricTable = {
  counters: {
    fanfare_events_published_total: 'Events appended to a log.',
    fanfare_events_delivered_total: 'Events put into outboxes.',
    fanfare_bytes_sent_total: 'Bytes handed to links.',
    fanfare_frames_received_total: 'Frames taken from clients.',
    fanfare_frames_refused_total: 'Client frames answered with an error.',
    fanfare_connects_total: 'Sessions opened.',
    fanfare_connects_refused_total: 'Links refused before a session.',
    fanfare_disconnects_total: 'Sessions ended.',
    fanfare_slow_readers_total: 'Sessions closed because they read too slowly.',
    fanfare_replays_total: 'Subscriptions that asked for what they missed.',
    fanfare_gaps_total: 'Subscriptions that could not be given all that they missed.',
    fanfare_log_reads_total:
      'Reads of a log in Redis or on disk: resumes and history that the node could not answer from memory, and repairs.',
    fanfare_repairs_total: 'Reads of a log to fill a hole in what other nodes published.',
    fanfare_rooms_lost_total:
      'Times that a room on this node had to be read again, because its log was lost or erased.',
    fanfare_reactions_failed_total: 'Reactions that threw.',
    fanfare_reactions_given_up_total: 'Events whose reactions threw and are tried no more, not even after a restart.',
    fanfare_redis_messages_refused_total: 'Messages in Redis that no node of this version said.',
    fanfare_lifecycle_failed_total: 'Handlers of user.offline and room.vacated that threw; they run again.',
    fanfare_node_messages_refused_total: 'Messages from other nodes that could not be read or followed.',
    fanfare_redis_commands_total: 'Scripts that this node asked Redis to run.',
    fanfare_redis_failures_total: 'Scripts of which Redis did not answer in time, or refused.',
    fanfare_redis_troubles_total: 'Connections to Redis that ended or could not be opened.',
    fanfare_redis_doubts_total: 'Parts of the data of which messages may have been missed, and were compared.',
    fanfare_journal_reads_total: 'Reads of the journals of archived rooms in the store.',
    fanfare_journal_purged_total: 'Events that were deleted from the store because they became too old.',
    fanfare_forwarded_total: 'Committed events that were handed to the engine.',
    fanfare_forward_failures_total: 'Committed events that could not be handed to the engine, and are tried again.',
    fanfare_outbox_published_total: 'Rows of fanfare_outbox that were published.',
    fanfare_outbox_refused_total: 'Rows of fanfare_outbox that cannot be published; each says why in its column error.',
    fanfare_redis_poison_total: 'Messages from Redis that were of no use to their listener.',
    fanfare_store_failures_total: 'Transactions that the store could not do: it was away, full or overrun.',
  },
  gauges: {
    fanfare_sessions: 'Sessions open on this node.',
    fanfare_rooms: 'Rooms with a subscriber on this node.',
    fanfare_subscriptions: 'Subscriptions on this node.',
    fanfare_redis_masters: 'Redis masters that carry partitions; 0 for a node that is alone.',
    fanfare_redis_masters_healthy: 'Redis masters that answer, and whose Pub/Sub comes back.',
    fanfare_store_connections: 'Connections to PostgreSQL that are open.',
    fanfare_store_ready: '1 while the store answers, else 0.',
    fanfare_store_waiting: 'Transactions that wait for a connection to PostgreSQL.',
    fanfare_journal_unsent: 'Committed events that this node has yet to hand to the engine, or whose reactions run.',
    fanfare_ready: '1 when the canary comes back through the engine, else 0.',
  },
  histograms: {
    fanfare_publish_seconds: 'From a publish to its acknowledgement.',
    fanfare_canary_seconds: 'From the canary publish to its delivery.',
    fanfare_store_seconds: 'From asking the store for a transaction to its end.',
  },
} as const

export type CounterName = keyof typeof metricTable.counters
export type GaugeName = keyof typeof metricTable.gauges
export type HistogramName = keyof typeof metricTable.histograms

export type Metrics = {
  add(name: CounterName, by?: number): void
  observe(name: HistogramName, seconds: number): void
  /** The gauge reads `value` whenever somebody looks. */
  gauge(name: GaugeName, value: () => number): void
}

/** Numbers of a part of the server that is known by nobody else, such as a feature: named where they are counted. */
export type OwnMetrics = {
  /** @param name begins with `fanfare_` and ends with `_total` */
  counter(name: string, help: string): { add(by?: number): void }
  /** Reads `value` whenever somebody looks. */
  gauge(name: string, help: string, value: () => number): void
}

export const noOwnMetrics: OwnMetrics = { counter: () => ({ add() {} }), gauge() {} }

export const noMetrics: Metrics = { add() {}, observe() {}, gauge() {} }
