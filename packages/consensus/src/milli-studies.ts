/** The unit of stake: one study is 1,000 milli-studies. */
export const MILLI = 1000n;
