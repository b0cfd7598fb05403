/** The process of the soak's clients. It decides nothing about the run; the main process asks it for one thing at a time. */
import process from 'node:process'
import { answerQuestions } from '../../lib/control.ts'
import type { SoakOptions } from '../../lib/soak.ts'
import { Soak } from './soak.ts'

let soak: Soak | undefined

const running = (): Soak => {
  if (!soak) throw new Error('nobody is there')
  return soak
}

await answerQuestions(
  {},
  {
    async open({ overMs, ...options }: SoakOptions & { readonly overMs: number }) {
      soak = new Soak(options)
      await soak.open({ overMs })
      return {}
    },
    rate({ perSecond }: { readonly perSecond: number }) {
      running().rate = perSecond
      return {}
    },
    take: () => running().take(),
    async settle() {
      await running().settle()
      return running().take()
    },
    async end() {
      await running().end()
      return {}
    },
  },
)
process.exit(0)
