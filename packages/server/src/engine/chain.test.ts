import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Chain } from './chain.ts'

type Item = { readonly name: number; older: Item | undefined; newer: Item | undefined }

test('a chain agrees with a plain array, whatever is added, touched and removed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('use', 'remove'), fc.nat({ max: 6 }))), (steps) => {
      const chain = new Chain<Item>()
      const items = Array.from({ length: 7 }, (_, name): Item => ({ name, older: undefined, newer: undefined }))
      let model: number[] = []
      for (const [kind, name] of steps) {
        const known = model.includes(name)
        if (kind === 'use') known ? chain.touch(items[name]!) : chain.add(items[name]!)
        else if (known) chain.remove(items[name]!)
        model = model.filter((other) => other !== name)
        if (kind === 'use') model.push(name)
        const forwards: number[] = []
        for (let item = chain.oldest; item; item = item.newer) forwards.push(item.name)
        expect(forwards).toEqual(model)
        expect(items.filter(({ older }) => older === undefined).map((item) => item.name)).toContain(model[0] ?? name)
      }
    }),
  )
})
