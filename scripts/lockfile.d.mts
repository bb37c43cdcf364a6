export declare function lockfileProblems(manifest: unknown, lock: unknown): string[]
