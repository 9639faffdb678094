/** The parts of a voter, each one idea a file. A part names in its constructor which others it calls. */
import { Answering } from './answering.js';
import { Certifying } from './certifying.js';
import { Conflicts } from './conflicts.js';
import { Epochs } from './epochs.js';
import { Executing } from './executing.js';
import { Fetching } from './fetching.js';
import { Finalizing } from './finalizing.js';
import { Leading } from './leading.js';
import { Pacing } from './pacing.js';
import { Permission } from './permission.js';
import { Proposals } from './proposals.js';
import type { VoterState } from './voter-state.js';
import { Voting } from './voting.js';

export class Parts {
  readonly fetching: Fetching;
  readonly permission: Permission;
  readonly conflicts: Conflicts;
  readonly pacing: Pacing;
  readonly leading: Leading;
  readonly proposals: Proposals;
  readonly executing: Executing;
  readonly voting: Voting;
  readonly certifying: Certifying;
  readonly finalizing: Finalizing;
  readonly epochs: Epochs;
  readonly answering: Answering;

  constructor(voter: VoterState) {
    this.fetching = new Fetching({
      send: (peer, message) => voter.send(peer, message),
      broadcast: (message) => voter.broadcast(message),
      setTimer: () => voter.effect({ type: 'set-timer', id: 'fetch', atMs: voter.now + voter.retryMs() }),
    });
    this.permission = new Permission(voter, this);
    this.conflicts = new Conflicts(voter);
    this.pacing = new Pacing(voter, this);
    this.leading = new Leading(voter, this);
    this.proposals = new Proposals(voter, this);
    this.executing = new Executing(voter, this);
    this.voting = new Voting(voter, this);
    this.certifying = new Certifying(voter, this);
    this.finalizing = new Finalizing(voter, this);
    this.epochs = new Epochs(voter, this);
    this.answering = new Answering(voter, this);
  }
}
