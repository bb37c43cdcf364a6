export declare const BROWSERS: Record<string, { package: string; paths: () => string[]; variable: string }>
export declare function findBrowser(name: string): string | undefined
export declare function ensureBrowsers(): string[]
