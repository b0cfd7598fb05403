/**
 * Where features add to what an application can say and do. A feature fills these from its own folder by declaration
 * merging, so that nothing here knows which there are: `declare module '../../app/features.ts' { interface FeatureApis { … } }`.
 */

/** `features` of `defineApp`: options by name, or false to switch one off. Members: `chat?: ChatOptions | false`. */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging.
export interface FeatureOptions {}

/** What the application's own code can do with a feature: `context.chat`, inside the context's tenant. @throws FanfareError `unavailable` where the feature is off */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging.
export interface FeatureApis {}

/** Pattern → event → `{ input, output }`, as a typed client knows them. */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging.
export interface FeatureRooms {}

/** Command → `{ input, output }`. */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging.
export interface FeatureCommands {}
