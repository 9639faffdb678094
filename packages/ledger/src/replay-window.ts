/** Bodies whose transactions a node holds against replay: the store keeps their ids in memory, pruning leaves them. */
export const REPLAY_WINDOW_HEIGHTS = 512;
