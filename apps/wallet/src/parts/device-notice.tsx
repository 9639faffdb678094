import { useApp } from './app-context.js';
import { Button } from './button.js';

/** Her images were brought back on another phone. If that was not she, the way on is to stop everything. */
export function DeviceNotice() {
  const { texts, dates, state, session, navigation } = useApp();
  return (
    <section className="notice" role="alert">
      <h2>{texts.devices.title}</h2>
      {state.newDevices.map(({ atMs, by }) => (
        <p key={`${atMs}/${by}`}>{texts.devices.text(dates.moment(atMs), texts.devices.how[by])}</p>
      ))}
      <div className="pair">
        <Button kind="stop" onPress={() => navigation.go({ name: 'stop-all' })}>
          {texts.devices.no}
        </Button>
        <Button kind="quiet" onPress={() => session.knowDevices()}>
          {texts.devices.yes}
        </Button>
      </div>
    </section>
  );
}
