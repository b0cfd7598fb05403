/** A name of any kind within a tenant, as one text. The length in front keeps `a|b` + `c` apart from `a` + `b|c`. */
export const tenantName = (tenantId: string, name: string): string => `${tenantId.length}:${tenantId}|${name}`
