export { type ChainMaker, type ChainMakerOptions, type MadeBlock, openChainMaker } from './chain-maker.js';
export { createStory, type Story, type StoryGrant, storyId } from './story.js';
export { type MadeVoter, seedOf } from './voters.js';
