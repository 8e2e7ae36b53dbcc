/** k6 has a console; its types leave it to those of a browser, of which k6 has nothing else. */
declare const console: { error(message: string): void; warn(message: string): void }
