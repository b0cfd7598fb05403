/** A real Chromium for a test, without a network of its own and closed with it. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM_PATH || '/usr/bin/chromium'

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @throws Error that says what to install */
export const launchBrowser = async (): Promise<Browser> => {
  if (!existsSync(executablePath)) {
    throw new Error(`There is no Chromium at ${executablePath}: apt-get install chromium, or set CHROMIUM_PATH.`)
  }
  return chromium.launch({ executablePath, args: quiet })
}
