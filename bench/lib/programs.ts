/** Programs of others that are on this machine or are not: where they are, which version, and what to do where they are missing. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { benchFolder } from './child.ts'

/** Debian's administrators have the second on their path, users do not. */
const folders = (): readonly string[] => [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

const pathOf = (name: string): string | undefined =>
  folders()
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

export const nodeVersion = (): string =>
  execFileSync(join(benchFolder, '../node_modules/.bin/node'), ['--version'], { encoding: 'utf8' }).trim().slice(1)

/** Both streams, because nginx says who it is on the one for errors. */
const saidBy = (path: string, args: readonly string[]): string => {
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`
}

export type NchanProgram = { readonly nginx: string; readonly module: string; readonly version: string }
export type CentrifugoProgram = { readonly path: string; readonly version: string }

const howToInstall = {
  nchan:
    'no nginx with the module ngx_nchan_module.so is here; on Debian and Ubuntu: apt-get install libnginx-mod-nchan',
  centrifugo:
    'no centrifugo is on PATH or named by CENTRIFUGO_PATH; with Go: go install github.com/centrifugal/centrifugo/v6@latest',
} as const

export const findNchan = (): NchanProgram | { readonly missing: string } => {
  const nginx = pathOf('nginx')
  if (nginx === undefined) return { missing: howToInstall.nchan }
  const said = saidBy(nginx, ['-V'])
  const module = join(/--modules-path=(\S+)/.exec(said)?.[1] ?? '/usr/lib/nginx/modules', 'ngx_nchan_module.so')
  if (!existsSync(module)) return { missing: howToInstall.nchan }
  const dpkg = pathOf('dpkg-query')
  const packaged = dpkg === undefined ? '' : saidBy(dpkg, ['-W', '-f', `\${Version}`, 'libnginx-mod-nchan'])
  const nchan = /^(?:\d+:)?(\d[\d.]*)/.exec(packaged)?.[1] ?? 'of unknown version'
  return { nginx, module, version: `${nchan}, nginx ${/nginx\/(\S+)/.exec(said)?.[1] ?? 'unknown'}` }
}

export const findCentrifugo = (): CentrifugoProgram | { readonly missing: string } => {
  const path = process.env.CENTRIFUGO_PATH ?? pathOf('centrifugo')
  if (path === undefined || !existsSync(path)) return { missing: howToInstall.centrifugo }
  return { path, version: /\d+\.\d+\.\d+/.exec(saidBy(path, ['version']))?.[0] ?? 'unknown' }
}
