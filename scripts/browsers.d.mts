export declare const BROWSERS: Record<string, { package: string; path: string; variable: string }>
export declare function findBrowser(name: string): string | undefined
export declare function ensureBrowsers(): string[]
