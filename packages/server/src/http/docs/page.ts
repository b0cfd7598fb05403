export const renderPage = (d: unknown, s: string) => String(d) + s
