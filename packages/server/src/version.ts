/** The version that the server says it has. */
import manifest from '../package.json' with { type: 'json' }

export const { version } = manifest
