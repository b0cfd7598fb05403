/** Lists of values that a query asks a column to be among: the long ones go as one value, so that the text does not grow with them. */
import { type BinaryOperationNode, OperatorNode, PrimitiveValueListNode } from 'kysely'

/** Values of a list that is written out. */
const few = 8

export type LongList = { readonly among: 'in' | 'not in'; readonly values: readonly unknown[] }

export const longListOf = ({ operator, rightOperand }: BinaryOperationNode): LongList | undefined => {
  if (!OperatorNode.is(operator) || !PrimitiveValueListNode.is(rightOperand)) return undefined
  const { values } = rightOperand
  const among = operator.operator
  if ((among !== 'in' && among !== 'not in') || values.length <= few || !values.every(isPlain)) return undefined
  return { among, values }
}

const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number'
