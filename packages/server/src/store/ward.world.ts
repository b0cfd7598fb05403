/** Tables for the store's own tests: wards and their beds, with the same ids in every tenant, so that what leaks is seen. */
import type { OpenedStore } from './create-store.ts'
import type { Schema } from './tables.ts'

declare module './tables.ts' {
  interface Tables {
    proof_ward: OfTenant & { readonly id: string; readonly title: string; readonly floor: number }
    proof_bed: OfTenant & {
      readonly ward_id: string
      readonly number: number
      readonly patient: string | null
      readonly note: string
      readonly note_key: string | null
    }
  }
}

export const wardSchema: Schema = {
  owner: 'proof',
  tables: ['proof_ward', 'proof_bed'],
  migrations: [
    {
      name: '0001-wards',
      statements: [
        `CREATE TABLE proof_ward (
          tenant_id TEXT NOT NULL,
          id TEXT NOT NULL,
          title TEXT NOT NULL,
          floor BIGINT NOT NULL,
          PRIMARY KEY (tenant_id, id)
        )`,
        `CREATE TABLE proof_bed (
          tenant_id TEXT NOT NULL,
          ward_id TEXT NOT NULL,
          number BIGINT NOT NULL,
          patient TEXT,
          note TEXT NOT NULL,
          note_key TEXT,
          PRIMARY KEY (tenant_id, ward_id, number)
        )`,
        'CREATE UNIQUE INDEX proof_bed_patient ON proof_bed (tenant_id, patient) WHERE patient IS NOT NULL',
      ],
    },
  ],
  sealed: [
    {
      table: 'proof_bed',
      text: 'note',
      keyId: 'note_key',
      key: ['ward_id', 'number'],
      about: (bed) => `proof_bed|${bed.ward_id}|${bed.number}`,
    },
  ],
}

/** The tenants of the tests: names that are close to each other, and one that is as long as it may be. */
export const tenants = ['clinic', 'clinic.', 'Clinic', `c${'-'.repeat(63)}`] as const

/** Three wards with two beds each; ids are the same in all tenants, and what the rows say tells whose they are. */
export const fillWards = (store: OpenedStore, tenantId: string): Promise<void> =>
  store.of(tenantId).change(async ({ rows }) => {
    const ids = ['icu', 'er', 'mat']
    const wards = ids.map((id, index) => ({ id, title: `${id} of ${tenantId}`, floor: index }))
    await rows.insertInto('proof_ward').values(wards).execute()
    const beds = ids.flatMap((ward_id, ward) =>
      [1, 2].map((number) => ({
        ward_id,
        number,
        // The last ward has no patients; patients have the same names everywhere.
        patient: ward === 2 ? null : `patient ${ward}${number}`,
        note: `note of ${tenantId}`,
        note_key: null,
      })),
    )
    await rows.insertInto('proof_bed').values(beds).execute()
  })

/** All that a tenant has, however it is asked for by others. */
export const wardsOf = (store: OpenedStore, tenantId: string) =>
  store.everywhere('read', async (rows) => ({
    wards: await rows.selectFrom('proof_ward').selectAll().where('tenant_id', '=', tenantId).orderBy('id').execute(),
    beds: await rows
      .selectFrom('proof_bed')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .orderBy('ward_id')
      .orderBy('number')
      .execute(),
  }))
